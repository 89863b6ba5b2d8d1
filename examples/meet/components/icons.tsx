import type { ReactNode } from "react";

/** Strokes of a 24×24 drawing. */
function icon(name: string, strokes: ReactNode): () => ReactNode {
  return () => (
    <svg
      className={`icon ${name}`}
      viewBox="0 0 24 24"
      width="24"
      height="24"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.9"
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
      focusable="false"
    >
      {strokes}
    </svg>
  );
}

const microphone = (
  <>
    <rect x="9" y="3" width="6" height="11" rx="3" />
    <path d="M5.5 11.5a6.5 6.5 0 0 0 13 0M12 18v3M9 21h6" />
  </>
);
const camera = (
  <>
    <rect x="2.5" y="6.5" width="12.5" height="11" rx="2.5" />
    <path d="m15 11 5-3.2c.7-.4 1.5 0 1.5.8v6.8c0 .8-.8 1.2-1.5.8L15 13" />
  </>
);
/** The line through a device that is off; the wider stroke under it cuts the drawing open. */
const slash = (
  <>
    <path className="icon-cut" d="M4 4 20.5 20.5" />
    <path d="M3.5 3.5l17 17" />
  </>
);

export const MicIcon: () => ReactNode = icon("i-mic", microphone);
export const MicOffIcon: () => ReactNode = icon("i-mic-off", <>{microphone}{slash}</>);
export const CameraIcon: () => ReactNode = icon("i-camera", camera);
export const CameraOffIcon: () => ReactNode = icon("i-camera-off", <>{camera}{slash}</>);
export const ScreenIcon: () => ReactNode = icon(
  "i-screen",
  <>
    <rect x="2.5" y="4" width="19" height="13" rx="2.5" />
    <path d="M8.5 20.5h7M12 13.8V7.6M9.3 10 12 7.3 14.7 10" />
  </>,
);
export const ScreenOffIcon: () => ReactNode = icon(
  "i-screen-off",
  <>
    <rect x="2.5" y="4" width="19" height="13" rx="2.5" />
    <path d="M8.5 20.5h7M9.8 8.3l4.4 4.4M14.2 8.3l-4.4 4.4" />
  </>,
);
export const ChatIcon: () => ReactNode = icon(
  "i-chat",
  <path d="M4 5.5h16a1.5 1.5 0 0 1 1.5 1.5v8.5A1.5 1.5 0 0 1 20 17h-8.2L7 20.5V17H4a1.5 1.5 0 0 1-1.5-1.5V7A1.5 1.5 0 0 1 4 5.5zM7.5 9.8h9M7.5 12.8h5.5" />,
);
export const SettingsIcon: () => ReactNode = icon(
  "lucide-settings",
  <>
    <path d="M3 7h8M17 7h4M3 17h4M13 17h8" />
    <circle cx="14" cy="7" r="3" />
    <circle cx="10" cy="17" r="3" />
  </>,
);
export const LinkIcon: () => ReactNode = icon(
  "i-link",
  <path d="M10 14a4.2 4.2 0 0 0 6 .2l3.3-3.3a4.2 4.2 0 0 0-6-6L12 6.2M14 10a4.2 4.2 0 0 0-6-.2l-3.3 3.3a4.2 4.2 0 0 0 6 6l1.3-1.3" />,
);
export const CheckIcon: () => ReactNode = icon("i-check", <path d="m5 12.5 4.7 4.7L19.5 7" />);
export const LeaveIcon: () => ReactNode = icon(
  "i-leave",
  <path d="M3.2 14.6c-1-3.4 3.6-6.4 8.8-6.4s9.8 3 8.8 6.4c-.3 1-1.4 1.5-2.4 1.2l-2.1-.6c-.8-.2-1.3-1-1.3-1.8v-1.1a12 12 0 0 0-6 0v1.1c0 .8-.5 1.6-1.3 1.8l-2.1.6c-1 .3-2.1-.2-2.4-1.2z" />,
);
export const CloseIcon: () => ReactNode = icon("i-close", <path d="M6 6l12 12M18 6 6 18" />);
export const SendIcon: () => ReactNode = icon("i-send", <path d="M4.5 12 3.5 4.6 21 12 3.5 19.4zM4.5 12H12" />);
export const WavesIcon: () => ReactNode = icon(
  "i-waves",
  <path d="M3 9.5c3-3.2 6-3.2 9 0s6 3.2 9 0M3 15.5c3-3.2 6-3.2 9 0s6 3.2 9 0" />,
);
export const PeopleIcon: () => ReactNode = icon(
  "i-people",
  <>
    <circle cx="9" cy="8.5" r="3.5" />
    <path d="M2.5 19.5c.5-3.6 3.1-5.5 6.5-5.5s6 1.9 6.5 5.5M15.5 5.3a3.5 3.5 0 0 1 0 6.4M18 14.6c2 .7 3.2 2.3 3.5 4.9" />
  </>,
);
export const SoundIcon: () => ReactNode = icon(
  "i-sound",
  <path d="M4 9.5v5h3.5l5 4v-13l-5 4zM16 9a4.2 4.2 0 0 1 0 6M18.8 6.5a8 8 0 0 1 0 11" />,
);
const shield = <path d="M12 2.8 4.5 5.6v5.6c0 4.6 3 8.2 7.5 10 4.5-1.8 7.5-5.4 7.5-10V5.6z" />;
export const ShieldIcon: () => ReactNode = icon("i-shield", shield);
export const ShieldCheckIcon: () => ReactNode = icon(
  "i-shield-check",
  <>
    {shield}
    <path d="m8.6 11.8 2.5 2.5 4.4-4.8" />
  </>,
);
export const ShieldAlertIcon: () => ReactNode = icon(
  "i-shield-alert",
  <>
    {shield}
    <path d="M12 8v4.2M12 15.6v.1" />
  </>,
);
export const LockIcon: () => ReactNode = icon(
  "i-lock",
  <>
    <rect x="5" y="10.5" width="14" height="10" rx="2.5" />
    <path d="M8 10.5V7.8a4 4 0 0 1 8 0v2.7" />
  </>,
);
export const HandIcon: () => ReactNode = icon(
  "i-hand",
  <path d="M7.5 12.5V6a1.5 1.5 0 0 1 3 0v5-7a1.5 1.5 0 0 1 3 0v7-5.5a1.5 1.5 0 0 1 3 0V14c0 4-2.2 7-6 7-3 0-4.300-1.400-5.700-3.900L3.300 13.700a1.500 1.500 0 0 1 2.500-1.600z" />,
);
export const SmileIcon: () => ReactNode = icon(
  "i-smile",
  <>
    <circle cx="12" cy="12" r="9" />
    <path d="M8.300 14.300a4.500 4.500 0 0 0 7.400 0M9 9.500v.1M15 9.500v.1" />
  </>,
);
export const MoreIcon: () => ReactNode = icon(
  "i-more",
  <>
    <circle cx="5" cy="12" r="1.200" />
    <circle cx="12" cy="12" r="1.200" />
    <circle cx="19" cy="12" r="1.200" />
  </>,
);
export const PinIcon: () => ReactNode = icon(
  "i-pin",
  <path d="M9 3.500h6l-.700 6 3.200 3.500h-11l3.200-3.500zM12 13v7.500" />,
);
export const PictureIcon: () => ReactNode = icon(
  "i-pip",
  <>
    <rect x="2.500" y="4.500" width="19" height="15" rx="2.500" />
    <rect x="12" y="11.500" width="6.500" height="5" rx="1" />
  </>,
);
export const LayoutIcon: () => ReactNode = icon(
  "i-layout",
  <>
    <rect x="3" y="4" width="18" height="16" rx="2.500" />
    <path d="M3 14.500h18M9 14.500V20M15 14.500V20" />
  </>,
);
export const ChartIcon: () => ReactNode = icon("i-chart", <path d="M4 20V13M10 20V8M16 20v-5M21 20V4" />);
export const KeyboardIcon: () => ReactNode = icon(
  "i-keyboard",
  <>
    <rect x="2.500" y="6" width="19" height="12" rx="2.500" />
    <path d="M6.500 10v.1M10.200 10v.1M13.800 10v.1M17.500 10v.1M8 14h8" />
  </>,
);
export const RemoveIcon: () => ReactNode = icon(
  "i-remove",
  <>
    <circle cx="9.500" cy="8.500" r="3.500" />
    <path d="M3 19.500c.500-3.600 3.100-5.500 6.500-5.500 1.500 0 2.900.400 4 1.100M16 16l5 5M21 16l-5 5" />
  </>,
);
export const PreviousIcon: () => ReactNode = icon("i-previous", <path d="m14.500 5-7 7 7 7" />);
export const NextIcon: () => ReactNode = icon("i-next", <path d="m9.500 5 7 7-7 7" />);
