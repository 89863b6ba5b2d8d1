import { type ReactNode, useEffect, useState } from "react";
import { ErrorBoundary } from "./components/error_boundary.tsx";
import { type Entry, Lobby } from "./components/lobby.tsx";
import { Notice } from "./components/notice.tsx";
import { RoomPage } from "./components/room_page.tsx";
import { navigate, readRoute, roomPath, usePath } from "./routes.ts";
import { chooseServer, configuredServer, type ServerChoice } from "./server_address.ts";
import { LocalMedia } from "./state/local_media.ts";
import { agreedServer, agreeToServer, storedName, storeName, storeToken, takeTokenFromLink } from "./storage.ts";
import { texts } from "./texts.ts";

/** The pages of the app and the way between them. */
export function App(): ReactNode {
  const [media] = useState(() => new LocalMedia());
  const route = readRoute(usePath());
  const server = useServer();
  useState(() => server.choice.kind !== "unusable" && takeTokenFromLink(server.choice.url));
  const [name, setName] = useState(storedName);
  useReloadWhenRevived();
  const enter = ({ name, code, token, server, cameraOn, micOn, e2eeOn }: Entry) => {
    storeName(name);
    setName(name);
    storeToken(server, token);
    navigate(roomPath(code), { cameraOn, micOn, e2eeOn });
  };
  const leave = () => {
    void media.close();
    navigate("/");
  };
  if (route.page === "unknown") {
    return (
      <Notice text={texts.notFound}>
        <button type="button" className="button button-primary" onClick={leave}>{texts.actions.lobby}</button>
      </Notice>
    );
  }
  const { choice } = server;
  if (route.page === "lobby" || name === "" || choice.kind !== "settled") {
    return <Lobby media={media} code={route.page === "room" ? route.code : ""} server={server} onEnter={enter} />;
  }
  return (
    <ErrorBoundary onReset={leave}>
      <RoomPage
        key={route.code}
        server={choice.url}
        code={route.code}
        name={name}
        media={media}
        onLeave={leave}
      />
    </ErrorBoundary>
  );
}

/** The server this page uses, and what the person can say about one that the link names. */
export interface ServerQuestion {
  readonly choice: ServerChoice;
  readonly accept: () => void;
  readonly refuse: () => void;
}

function useServer(): ServerQuestion {
  const [agreed, setAgreed] = useState(agreedServer);
  const [search, setSearch] = useState(location.search);
  const choice = chooseServer(new URL(search, location.href), configuredServer(), agreed);
  const accept = () => {
    if (choice.kind !== "ask") return;
    agreeToServer(choice.url);
    setAgreed(choice.url);
  };
  const refuse = () => {
    history.replaceState(history.state, "", location.pathname);
    setSearch("");
  };
  return { choice, accept, refuse };
}

/** A page that comes back from the browser's memory has left its room; loading it anew enters again. */
function useReloadWhenRevived(): void {
  useEffect(() => {
    const revive = (event: PageTransitionEvent) => {
      if (event.persisted) location.reload();
    };
    addEventListener("pageshow", revive);
    return () => removeEventListener("pageshow", revive);
  }, []);
}
