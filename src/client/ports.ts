/** The part of an `RTCRtpSender` that the client uses. */
export interface SenderLike {
  /** What is sent now. */
  readonly track: MediaStreamTrack | null;
  /** Changes what is sent, without a new offer. */
  replaceTrack(track: MediaStreamTrack | null): Promise<void>;
  /** Reads the encoder's limits. */
  getParameters(): RTCRtpSendParameters;
  /** Sets the encoder's limits. */
  setParameters(parameters: RTCRtpSendParameters): Promise<void>;
}

/** The part of an `RTCRtpReceiver` that the client uses. */
export interface ReceiverLike {
  /** What comes in on the line. */
  readonly track: MediaStreamTrack;
}

/** The part of an `RTCRtpTransceiver` that the client uses. */
export interface TransceiverLike {
  /** The m-line's name, known once it has been offered. */
  readonly mid: string | null;
  /** What the next offer says. */
  direction: RTCRtpTransceiverDirection;
  /** Says which codecs the next offer has on the line, best first; not every browser knows it. */
  setCodecPreferences?(codecs: RTCRtpCodec[]): void;
  /** Our side of the line. */
  readonly sender: SenderLike;
  /** The server's side of the line. */
  readonly receiver: ReceiverLike;
}

/** The part of an `RTCPeerConnection` that the client uses. */
export interface PeerConnectionLike {
  /** State of the connectivity checks. */
  readonly iceConnectionState: RTCIceConnectionState;
  /** State of checks and encryption together. */
  readonly connectionState: RTCPeerConnectionState;
  /** Says whether an offer is open. */
  readonly signalingState: RTCSignalingState;
  /** The latest offer of ours. */
  readonly localDescription: RTCSessionDescription | RTCSessionDescriptionInit | null;
  /** Adds an m-line to the next offer. */
  addTransceiver(track: MediaStreamTrack | "audio" | "video", init?: RTCRtpTransceiverInit): TransceiverLike;
  /** Makes an offer. */
  createOffer(): Promise<RTCSessionDescriptionInit>;
  /** Puts our offer into force, or takes it back. */
  setLocalDescription(description: RTCSessionDescriptionInit): Promise<void>;
  /** Puts the server's answer into force. */
  setRemoteDescription(description: RTCSessionDescriptionInit): Promise<void>;
  /** Makes the next offer start connectivity checks anew. */
  restartIce(): void;
  /** Reads the counters. */
  getStats(): Promise<RTCStatsReport>;
  /** Ends the connection. */
  close(): void;
  /** Called with each address of ours. */
  onicecandidate: ((event: RTCPeerConnectionIceEvent) => void) | null;
  /** Called when `iceConnectionState` has changed. */
  oniceconnectionstatechange: ((event: Event) => void) | null;
  /** Called when `connectionState` has changed. */
  onconnectionstatechange: ((event: Event) => void) | null;
}

/** What a share needs of a `MediaStream`. */
export interface ScreenStream {
  /** Its pictures; the first is shared. */
  getVideoTracks(): MediaStreamTrack[];
  /** Its sound, if any; the first is shared. */
  getAudioTracks(): MediaStreamTrack[];
}
