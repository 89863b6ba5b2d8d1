import { type CSSProperties, type ReactNode, useEffect, useRef } from "react";
import type { ShownReaction } from "../state/call.ts";
import { type CallQuality, pictureKey } from "../state/call_quality.ts";
import { type PictureQuality, type Quality, scoreOf } from "../state/quality.ts";
import { useStore } from "../state/store.ts";
import { initials, type Protection, type TileModel } from "../state/tiles.ts";
import type { ViewWatch } from "../state/view_watch.ts";
import { texts } from "../texts.ts";
import { HandIcon, LockIcon, MicOffIcon, MoreIcon, ShieldCheckIcon, ShieldIcon } from "./icons.tsx";
import { VideoView } from "./media_elements.tsx";

/** What a tile shows besides its picture, and what it calls. */
export interface TileProps {
  readonly tile: TileModel;
  readonly speaking: boolean;
  readonly featured: boolean;
  readonly start: number | undefined;
  readonly mirror: boolean;
  readonly quality: CallQuality;
  readonly views: ViewWatch;
  readonly reactions: readonly ShownReaction[];
  readonly onMenu: () => void;
  /** Shows what was withheld, or where that is decided. */
  readonly onReveal: () => void;
}

/** One picture with its name. */
export function Tile(props: TileProps): ReactNode {
  const { tile, speaking, featured, start, mirror, views } = props;
  const { key, kind, label, name, on, own, audioMuted, track, handOrder } = tile;
  const camera = kind === "camera";
  const { people, pictures, connection } = useStore(props.quality);
  const quality = people.get(tile.participant) ?? null;
  const picture = own ? undefined : pictures.get(pictureKey(tile.participant, kind));
  const score = own && connection !== null ? scoreOf(connection) : undefined;
  const figure = useRef<HTMLElement>(null);
  useEffect(() => figure.current === null ? undefined : views.observe(figure.current, key), [views, key]);
  const classes = ["tile", `tile-${kind}`];
  if (speaking) classes.push("tile-speaking");
  if (own) classes.push("tile-own");
  if (own && camera && mirror) classes.push("tile-mirror");
  if (featured) classes.push("tile-featured");
  return (
    <figure
      ref={figure}
      className={classes.join(" ")}
      data-testid="video-tile"
      data-tile={key}
      data-participant={name}
      data-source={kind}
      data-video={on ? "on" : "off"}
      style={start === undefined ? {} : startStyle(start)}
      aria-label={factsOf(props, quality, picture).join(", ")}
    >
      <VideoView track={on ? track : null} className={on ? "tile-video" : "tile-video hidden"} />
      {on ? null : (
        <div className="tile-off">
          <span className="avatar bg-primary" data-testid="avatar-placeholder" aria-hidden="true">
            {initials(name)}
          </span>
        </div>
      )}
      {on && tile.withheld === null && isHeld(picture)
        ? <p className="tile-held" data-testid="tile-held">{texts.quality.held(picture.reason)}</p>
        : null}
      {tile.withheld === null ? null : <WithheldNote tile={tile} onReveal={props.onReveal} />}
      <figcaption className="tile-label">
        {camera ? <QualityBars quality={quality} picture={picture} score={score} /> : null}
        <span className="tile-name">{label}</span>
      </figcaption>
      <div className="tile-marks">
        {camera ? <ProtectionMark protection={tile.protection} /> : null}
        {handOrder > 0
          ? (
            <span className="tile-hand" data-testid="tile-hand" title={texts.tile.hand(handOrder)}>
              <HandIcon />
              {handOrder}
            </span>
          )
          : null}
      </div>
      <div className="tile-corner">
        <button
          type="button"
          className="tile-menu"
          data-testid="tile-menu"
          aria-label={texts.tile.menu(label)}
          onClick={props.onMenu}
        >
          <MoreIcon />
        </button>
        {camera && audioMuted
          ? (
            <span className="tile-muted" title={texts.tile.muted}>
              <MicOffIcon />
            </span>
          )
          : null}
      </div>
      {camera
        ? props.reactions.map(({ id, emoji }) => (
          <span key={id} className="tile-reaction" data-testid="tile-reaction" aria-hidden="true">{emoji}</span>
        ))
        : null}
    </figure>
  );
}

function startStyle(start: number): CSSProperties {
  const style: CSSProperties & Record<"--start", number> = { "--start": start };
  return style;
}

/** The tile for people who do not see it. */
function factsOf({ tile, speaking }: TileProps, quality: Quality | null, picture?: PictureQuality): string[] {
  const t = texts.tile;
  const facts = [tile.label];
  if (tile.kind === "screen") return facts;
  if (tile.withheld !== null) facts.push(texts.withheld[tile.withheld]);
  else if (!tile.on) facts.push(t.cameraOff);
  else if (isHeld(picture)) facts.push(texts.quality.held(picture.reason));
  if (tile.audioMuted) facts.push(t.muted);
  if (speaking) facts.push(t.speaking);
  if (tile.handOrder > 0) facts.push(t.hand(tile.handOrder));
  if (tile.protection !== "none") facts.push(t[tile.protection]);
  if (quality !== null && quality.level !== "good") facts.push(qualityText(quality));
  return facts;
}

/** Says that a picture is sent to the server and does not get here, against what the person would expect. */
function isHeld(picture: PictureQuality | undefined): picture is PictureQuality {
  if (picture === undefined || picture.layer >= 0) return false;
  return picture.reason === "bandwidth" || picture.reason === "server_load" || picture.reason === "codec";
}

function qualityText({ level, reason }: Quality): string {
  const { levels, reasons } = texts.quality;
  return reason === null ? levels[level] : `${levels[level]}: ${reasons[reason]}`;
}

/** Also shown before anything is known: the name beside it may not move. */
function QualityBars({ quality, picture, score }: {
  quality: Quality | null;
  picture: PictureQuality | undefined;
  score: number | undefined;
}): ReactNode {
  const words = [
    ...(quality === null ? [] : [qualityText(quality)]),
    ...(score === undefined ? [] : [texts.quality.score(score)]),
    ...(picture === undefined ? [] : [texts.quality.pictureSays(picture)]),
  ];
  return (
    <span
      className="bars"
      data-testid="tile-quality"
      data-level={quality?.level ?? "unknown"}
      data-reason={picture?.reason}
      data-layer={picture?.layer}
      data-score={score}
      title={words.length === 0 ? undefined : words.join("\n")}
    >
      <i />
      <i />
      <i />
    </span>
  );
}

function ProtectionMark({ protection }: { protection: Protection }): ReactNode {
  if (protection === "none") return null;
  return (
    <span
      className="tile-shield"
      data-testid="tile-shield"
      data-protection={protection}
      title={texts.tile[protection]}
    >
      {protection === "verified" ? <ShieldCheckIcon /> : <ShieldIcon />}
    </span>
  );
}

/** Why there is no picture, and what can be done about it. */
function WithheldNote({ tile, onReveal }: { tile: TileModel; onReveal: () => void }): ReactNode {
  const { withheld } = tile;
  if (withheld === null) return null;
  const { show, check } = texts.safety;
  return (
    <div className="tile-withheld" data-testid="tile-withheld" data-withheld={withheld}>
      <span>
        <LockIcon />
        {texts.withheld[withheld]}
      </span>
      {withheld === "needs_encryption"
        ? null
        : (
          <button type="button" className="button button-small" data-testid="tile-reveal" onClick={onReveal}>
            {withheld === "held" ? check : show}
          </button>
        )}
    </div>
  );
}
