import type { ReactNode } from "react";
import type { LocalMedia } from "../state/local_media.ts";
import { useStore } from "../state/store.ts";
import { texts } from "../texts.ts";
import { DeviceSelect } from "./device_select.tsx";
import { Popover } from "./popover.tsx";
import { SwitchField } from "./switch_field.tsx";

const RESOLUTIONS = [
  { name: "360p", width: 640, height: 360 },
  { name: "480p", width: 640, height: 480 },
  { name: "720p", width: 1280, height: 720 },
  { name: "1080p", width: 1920, height: 1080 },
] as const;

const FRAME_RATES = [15, 24, 30, 60] as const;

/** Picture size, rate and devices. */
export function SettingsPanel({ media, mirror, onMirror, onClose }: {
  media: LocalMedia;
  mirror: boolean;
  onMirror: (on: boolean) => void;
  onClose: () => void;
}): ReactNode {
  const { config } = useStore(media);
  const t = texts.settings;
  const chooseResolution = (name: string) => {
    const found = RESOLUTIONS.find((resolution) => resolution.name === name);
    if (found !== undefined) void media.setConfig({ ...config, width: found.width, height: found.height });
  };
  return (
    <Popover title={t.title} closeLabel={t.close} testId="settings-panel" onClose={onClose}>
      <div className="settings-fields">
        <div className="field">
          <label htmlFor="settings-resolution">{t.resolution}</label>
          <select
            id="settings-resolution"
            data-testid="select-resolution"
            value={RESOLUTIONS.find(({ height }) => height === config.height)?.name}
            onChange={(event) => chooseResolution(event.target.value)}
          >
            {RESOLUTIONS.map(({ name }) => <option key={name} value={name}>{name}</option>)}
          </select>
        </div>
        <div className="field">
          <label htmlFor="settings-fps">{t.frameRate}</label>
          <select
            id="settings-fps"
            data-testid="select-fps"
            value={config.fps}
            onChange={(event) => void media.setConfig({ ...config, fps: Number(event.target.value) })}
          >
            {FRAME_RATES.map((fps) => <option key={fps} value={fps}>{t.fps(fps)}</option>)}
          </select>
        </div>
        <DeviceFields media={media} />
        <SwitchField id="switch-mirror" label={t.mirror} on={mirror} onChange={onMirror} />
      </div>
    </Popover>
  );
}

function DeviceFields({ media }: { media: LocalMedia }): ReactNode {
  const state = useStore(media);
  return (
    <>
      <DeviceSelect
        label={texts.settings.camera}
        testId="select-camera"
        choices={state.cameras}
        value={state.cameraId}
        onChange={(id) => void media.chooseCamera(id)}
      />
      <DeviceSelect
        label={texts.settings.microphone}
        testId="select-microphone"
        choices={state.microphones}
        value={state.microphoneId}
        onChange={(id) => void media.chooseMicrophone(id)}
      />
      {"setSinkId" in HTMLMediaElement.prototype
        ? (
          <DeviceSelect
            label={texts.settings.speaker}
            testId="select-speaker"
            choices={state.speakers}
            value={state.speakerId}
            onChange={(id) => media.chooseSpeaker(id)}
          />
        )
        : null}
    </>
  );
}
