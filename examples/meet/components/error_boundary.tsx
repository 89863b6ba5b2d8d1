import { Component, type ReactNode } from "react";
import { texts } from "../texts.ts";
import { Notice } from "./notice.tsx";

interface Props {
  readonly onReset: () => void;
  readonly children: ReactNode;
}

/** Shows what went wrong in the page instead of an empty one. */
export class ErrorBoundary extends Component<Props, { readonly message: string | null }> {
  override state: { readonly message: string | null } = { message: null };

  static getDerivedStateFromError(error: unknown): { message: string } {
    return { message: error instanceof Error ? error.message : String(error) };
  }

  override render(): ReactNode {
    const { message } = this.state;
    if (message === null) return this.props.children;
    const reset = () => {
      this.setState({ message: null });
      this.props.onReset();
    };
    return (
      <Notice text={{ title: texts.broken.title, body: message }}>
        <button type="button" className="button button-primary" onClick={reset}>{texts.actions.lobby}</button>
      </Notice>
    );
  }
}
