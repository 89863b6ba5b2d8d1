import type { CloseReason, ConnectionQualityEvent, KeyChange, ModerationAction } from "../../src/client/mod.ts";
import type { MediaProblem } from "./state/local_media.ts";
import type { PictureQuality, PictureReason, QualityLevel, QualityReason } from "./state/quality.ts";
import type { ShortcutAction } from "./state/shortcuts.ts";
import type { StageView, Withheld } from "./state/tiles.ts";

/** What a full page says: a headline, what happened, what to do. */
export interface NoticeText {
  readonly title: string;
  readonly body: string;
}

type ConnectionReason = ConnectionQualityEvent["down"]["reason"];

/** Every English sentence of the app. */
export const texts = {
  brand: "seameet",
  tagline: "Video calls for everyone",
  footer: "Powered by seameet SFU",

  lobby: {
    heading: "Ready to join?",
    name: "Your name",
    namePlaceholder: "How others will see you",
    code: "Room code",
    codePlaceholder: "Left empty, one is made for you",
    codeHint: "Share the code or the link of the room to invite others.",
    invited: (code: string) => `You are invited to the room ${code}.`,
    token: "Access code",
    tokenHint: "The server asked for it. Whoever invited you can tell you.",
    join: "Join",
    preview: "Your picture",
    previewOff: "Your camera is off",
    camera: "Camera",
    microphone: "Microphone",
    defaultDevice: "Default",
    level: "Microphone level",
    e2ee: "End-to-end encryption",
    e2eeOn: "Nobody but the people in the room can see, hear or read along. Everybody has to switch it on.",
    e2eeOff: "Encrypted on the way to the server. Whoever runs the server could look inside.",
    e2eeRequired: "This server asks for it.",
    e2eeMissing:
      "This server asks for end-to-end encryption, and this browser cannot do it. Use a current browser, over https.",
  },

  server: {
    title: "Another server",
    ask: (host: string) =>
      `This link uses the server ${host}, not the one of this site. Your name, access code and calls go there.`,
    accept: (host: string) => `Use ${host}`,
    refuse: "Use this site's server",
    unusable: (text: string) => `The link names a server that does not work as an address: ${text}`,
    using: (host: string) => `Server: ${host}`,
  },

  controls: {
    bar: "Call controls",
    mute: "Mute microphone",
    unmute: "Unmute microphone",
    cameraOn: "Turn camera on",
    cameraOff: "Turn camera off",
    share: "Share your screen",
    stopShare: "Stop sharing your screen",
    chat: "Chat",
    chatUnread: (count: number) => `Chat, ${count} unread`,
    settings: "Settings",
    copy: "Copy the link of this room",
    copied: "Link copied",
    leave: "Leave",
    raiseHand: "Raise hand",
    lowerHand: "Lower hand",
    reactions: "React",
    more: "More",
    safety: "Encryption: everybody is secured",
    safetyOpen: "Encryption: somebody is not secured yet",
  },

  more: {
    title: "More",
    close: "Close menu",
    view: { auto: "Layout: automatic", grid: "Layout: grid", speaker: "Layout: speaker" } satisfies Record<
      StageView,
      string
    >,
    stats: "Connection details",
    shortcuts: "Keyboard shortcuts",
  },

  reactions: {
    title: "Reactions",
    close: "Close reactions",
    send: (emoji: string) => `React with ${emoji}`,
    shown: (name: string, emoji: string) => `${name} reacts with ${emoji}`,
  },

  moderation: {
    mute_audio: "Mute microphone",
    mute_video: "Turn camera off",
    stop_screen: "Stop the screen share",
    lower_hand: "Lower hand",
    remove: "Remove from the room",
    sureRemove: (name: string) => `Really remove ${name}?`,
    done: {
      mute_audio: (name) => `${name} muted your microphone. You can switch it on again.`,
      mute_video: (name) => `${name} turned your camera off. You can switch it on again.`,
      stop_screen: (name) => `${name} stopped your screen share.`,
      lower_hand: (name) => `${name} lowered your hand.`,
      remove: (name) => `${name} removed you from the room.`,
    } satisfies Record<ModerationAction, (name: string) => string>,
  },

  safety: {
    title: "E2EE Security",
    close: "Close security",
    all: "All participants secured with AES-256-GCM",
    some: "Some participants not yet secured",
    alone: "Whoever comes in is secured before anything is sent.",
    advice:
      "Compare the numbers over another channel, such as a phone call or side by side. If they are equal, nobody sits in between.",
    waiting: "Waiting for key exchange to complete...",
    unencrypted: "Joined without encryption. Nothing of yours goes to them; what they send is hidden.",
    unencryptedShown:
      "Joined without encryption. Nothing of yours goes to them; anybody on the way could see what they send.",
    held: "The key is not the one you know. Nothing goes to them until you decide.",
    changed: "Met in this room before with another key.",
    basic: "Without a lasting key: the number changes with every call.",
    verified: "Verified",
    verify: "The numbers are equal",
    unverify: "Not verified any more",
    accept: "Accept without comparing",
    show: "Show anyway",
    hide: "Hide again",
    ready: "secured",
    notReady: "not secured yet",
    number: (name: string) => `Safety number with ${name}`,
    alarm: ({ name, scope, wasVerified, held }: KeyChange & { readonly name: string }) =>
      (scope === "call"
        ? `The encryption key of ${name} changed during this call.`
        : wasVerified
        ? `${name} has another key than the one you verified.`
        : `${name} has another key than last time in this room.`) +
      (held ? " Nothing is exchanged until you decide." : " This may be a new device, or somebody else."),
    check: "Check",
  },

  withheld: {
    needs_encryption: "Encrypted: leave and join with encryption to see and hear this.",
    unencrypted: "Sent without encryption",
    held: "Key not accepted",
  } satisfies Record<Withheld, string>,

  stats: {
    title: "Connection details",
    close: "Close connection details",
    sent: "Sending",
    received: "Receiving",
    roundTrip: "There and back",
    sendLoss: "Lost on the way to the server",
    kbps: (kbps: number) => kbps >= 1_000 ? `${(kbps / 1_000).toFixed(1)} Mbit/s` : `${Math.round(kbps)} kbit/s`,
    percent: (part: number) => `${(part * 100).toFixed(1)} %`,
    ms: (ms: number) => `${Math.round(ms)} ms`,
    unknown: "–",
    person: "From",
    picture: "Picture",
    rate: "Rate",
    loss: "Lost",
    size: (size: string, fps: number) => size === "" ? "–" : `${size}, ${Math.round(fps)}/s`,
    down: "From the server",
    up: "To the server",
    score: (score: number, reason: string) => reason === "" ? `${score} of 5` : `${score} of 5, ${reason}`,
    reasons: {
      ok: "",
      unknown: "",
      bandwidth: "narrow line",
      loss: "losses",
      delay: "delay",
    } satisfies Record<ConnectionReason, string>,
    nobody: "Nothing comes in at the moment.",
  },

  quality: {
    levels: {
      good: "connection good",
      fair: "connection unsteady",
      poor: "connection poor",
    } satisfies Record<QualityLevel, string>,
    reasons: {
      loss: "packets are lost",
      delay: "long delay",
      freeze: "the picture stands still",
      bandwidth: "the line is narrow",
      server_load: "the server is busy",
      codec: "this browser cannot decode the picture",
    } satisfies Record<QualityReason, string>,
    score: (score: number) => `connection ${score} of 5`,
    /** Why a picture is not larger, or why there is none. */
    picture: {
      ok: "as good as it is sent",
      bandwidth: "your line carries no more",
      requested: "as large as it is shown here",
      hidden: "not shown at the moment",
      publisher_limit: "nothing larger is sent",
      codec: "this browser cannot decode it",
      server_load: "the server is busy",
      paused: "switched off",
      starting: "it has just begun",
    } satisfies Record<PictureReason, string>,
    /** One picture as it comes, in a sentence. */
    pictureSays: ({ layer, layers, width, height, reason }: PictureQuality): string => {
      const why = texts.quality.picture[reason];
      if (layer < 0) return `No picture comes: ${why}.`;
      const size = width === 0 ? "" : ` ${width}×${height}`;
      return `Picture${size}, step ${layer + 1} of ${layers}: ${why}.`;
    },
    /** On the tile, while no picture comes although there is one. */
    held: (reason: PictureReason): string => `Picture paused: ${texts.quality.picture[reason]}`,
  },

  shortcuts: {
    title: "Keyboard shortcuts",
    close: "Close shortcuts",
    on: "Single keys do something",
    talk: "Hold to speak while muted",
    talkKey: "Space",
    leavePanel: "Close a panel",
    leavePanelKey: "Esc",
    actions: {
      mic: "Microphone on or off",
      camera: "Camera on or off",
      share: "Share the screen, or stop",
      hand: "Raise or lower the hand",
      chat: "Open or close the chat",
      view: "Change the layout",
      help: "This list",
    } satisfies Record<ShortcutAction, string>,
  },

  mutedHint: "You are muted. Press M, or hold the space bar while you speak.",

  tile: {
    you: (name: string) => `${name} (You)`,
    screenOf: (name: string) => `${name}'s screen`,
    nobody: "Someone",
    muted: "microphone off",
    cameraOff: "camera off",
    speaking: "speaking",
    hand: (place: number) => `hand raised, number ${place}`,
    encrypted: "end-to-end encrypted",
    verified: "end-to-end encrypted, key verified",
    menu: (name: string) => `Options for ${name}`,
    closeMenu: "Close options",
    pin: "Pin: keep large",
    unpin: "Unpin",
    pictureInPicture: "Picture in picture",
    previous: "Previous people",
    next: "More people",
    page: (page: number, pages: number) => `Page ${page} of ${pages}`,
  },

  room: {
    title: (code: string) => `${code} · seameet`,
    count: (count: number) => count === 1 ? "1 person" : `${count} people`,
    people: "People in the call",
    alone: "You are the only one here. Copy the link and send it to others.",
    joined: (name: string) => `${name} joined`,
    left: (name: string) => `${name} left`,
  },

  chat: {
    title: "Chat",
    close: "Close chat",
    empty: "No messages yet",
    placeholder: "Write to everyone",
    send: "Send message",
    newMessage: (name: string, text: string) => `${name}: ${text}`,
    notSent: "Not sent: there is no connection right now, or the line is too long.",
    locked: "Encrypted message",
    lockedHint: "Written before you came, or encryption is off here.",
    cannotRead: (names: string) => `${names} joined without encryption and cannot read along.`,
    clear: "Send the next line without encryption, readable for the server",
    clearLine: "Not encrypted",
  },

  settings: {
    title: "Settings",
    close: "Close settings",
    resolution: "Resolution",
    frameRate: "Frame rate",
    fps: (fps: number) => `${fps} fps`,
    camera: "Camera",
    microphone: "Microphone",
    speaker: "Speaker",
    mirror: "Mirror my picture",
  },

  banner: {
    reconnecting: "The connection was lost. Trying to get back in.",
    retryNow: "Try now",
    mediaFailed:
      "Sound and video cannot get through. Chat still works. Often a firewall or VPN blocks UDP; another network may help. Trying again.",
    mediaInterrupted: "The connection is unsteady. Trying to find a better way.",
    soundBlocked: "The browser holds back the sound until you allow it.",
    playSound: "Play sound",
    chatRefused: "You may not write in this room.",
    shareRefused: "You may not share your screen in this room.",
    shareFailed: "The screen could not be shared.",
    slowDown: "Too much at once. The server asks you to slow down.",
    encryptionFailed: (sentence: string) => `Encryption: ${sentence}`,
    restarting: "The connection was lost: the server is starting anew. Trying to get back in.",
    dismiss: "Dismiss",
    refused: (sentence: string) => `The server refused something: ${sentence}`,
  },

  connecting: {
    title: "Joining the room",
    body: "This takes a moment.",
    unreachable: "The server cannot be reached",
    unreachableBody: "Check your connection. The app keeps trying, so you can leave this page open.",
    cancel: "Back to the lobby",
  },

  encryption: {
    unsupported: {
      title: "This browser cannot encrypt from end to end",
      body: "Nothing was sent. Use a current browser over https, or go back and join without encryption.",
    },
    joinEncrypted: "Join with encryption",
  },

  actions: {
    tryAgain: "Try again",
    lobby: "Return to lobby",
    rejoin: "Join again",
  },

  notFound: { title: "There is nothing here", body: "The address does not belong to a room. Start from the lobby." },
  broken: { title: "Something went wrong", body: "" },
} as const;

/** What is said when a client is closed; the rest of the server's words get the sentence it sent. */
export const closedTexts: Partial<Record<CloseReason, NoticeText>> = {
  unauthorized: {
    title: "This server asks for an access code",
    body: "Enter the code you were given, or ask the person who invited you.",
  },
  room_full: {
    title: "The room is full",
    body: "Wait until somebody leaves and try again, or meet in another room.",
  },
  invalid_room: {
    title: "This room code cannot be used",
    body: "A code has up to 64 characters. Choose another one in the lobby.",
  },
  permission_denied: { title: "You may not enter this room", body: "Ask the person who runs it to let you in." },
  e2ee_required: {
    title: "This room is end-to-end encrypted",
    body: "Everybody in it has to encrypt. You joined without.",
  },
  taken_over: {
    title: "You joined from somewhere else",
    body: "The same participant entered again, so this page was disconnected.",
  },
  removed: { title: "You were removed from the room", body: "Somebody who runs the room ended your participation." },
  abuse: {
    title: "The server ended the connection",
    body: "It saw more messages than it allows. Wait a moment before you join again.",
  },
  bad_url: {
    title: "The server address does not work",
    body: "The page points to an address the browser does not accept. Tell whoever runs this site.",
  },
};

/** Said for words without a text of their own. */
export const closedFallback: NoticeText = {
  title: "The server ended the connection",
  body: "It gave no reason that this app knows. You can try to join again.",
};

/** What is said when a device cannot be used. */
export const mediaTexts: Record<MediaProblem["kind"], (device: "camera" | "microphone") => string> = {
  denied: (device) =>
    `The browser was not allowed to use your ${device}. Allow it in the address bar's site settings and switch it on again. You can see and hear the others meanwhile.`,
  missing: (device) =>
    `No ${device} was found. Connect one and switch it on again. You can see and hear the others meanwhile.`,
  busy: (device) => `Your ${device} is used by another program. Close that one and switch it on again.`,
  insecure: (device) =>
    `Browsers give a page the ${device} only over https (or on localhost). Open this page over https to be seen and heard.`,
  lost: (device) => `Your ${device} was disconnected.`,
  other: (device) => `Your ${device} could not be started.`,
};
