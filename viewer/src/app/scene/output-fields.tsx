/** Size, frames and file format. */
import {
  FILM_FORMATS,
  FilmFormat,
  IMAGE_FORMATS,
  ImageFormat,
  type ImportReport,
  isLinear,
  passesFor,
} from '@kiln/shared';

import { Choices, NumberField, Segments, SelectField } from '../design/field.tsx';
import { PASS_TEXT } from '../design/pass-text.ts';
import { useServices } from '../farm/farm-context.ts';
import { framesOfPath } from './camera-choice.ts';
import { filmBar } from './film-choice.ts';
import type { FormField } from './form-faults.ts';
import { FramesField } from './frames-field.tsx';
import { allFrames, clipFrames, passesOf, playedSec, SIZE_PRESETS, withFormat } from './render-form.ts';
import type { SceneModel } from './scene-model.ts';

interface OutputFieldsProps {
  readonly report: ImportReport;
  readonly model: SceneModel;
  readonly faults: Partial<Record<FormField, string>>;
}

const sizeText = (size: { readonly widthPx: number; readonly heightPx: number }) => `${size.widthPx}x${size.heightPx}`;

const FILMS: readonly (FilmFormat | 'none')[] = ['none', ...FilmFormat.enum];

const filmText = (film: FilmFormat | 'none') => (film === 'none' ? 'None' : FILM_FORMATS[film].name);

const BIT_DEPTH_TEXT = { 8: '8', 16: '16', half: 'Half float', float: 'Float' } as const;

export function OutputFields({ report, model, faults }: OutputFieldsProps) {
  const { items: workers } = useServices().farm.workers.list.value;
  const form = model.form.value;
  const { bitDepths, hasLayers, hasQuality } = IMAGE_FORMATS[form.format];
  const passes = passesOf(form);
  const isDenoised = form.engine === 'pathtrace' && form.denoise;
  const preset = SIZE_PRESETS.find((candidate) => sizeText(candidate) === sizeText(form));
  const clip = report.clips.find(({ name }) => name === form.clip);
  const onPath = form.camera.kind === 'path' ? framesOfPath(form.path, form.fps) : null;

  function changeFps(fps: number): void {
    // As with clips: frames that were all of the clip stay all of it.
    const followed = clip && form.frames === allFrames(model.clipLength.value) && fps > 0;
    model.change({ fps, ...(followed ? { frames: allFrames(clipFrames(playedSec(form, clip), fps)) } : {}) });
  }

  return (
    <>
      <SelectField
        label="Size"
        value={preset ? sizeText(preset) : 'custom'}
        groups={[
          {
            options: [
              ...SIZE_PRESETS.map((candidate) => ({
                value: sizeText(candidate),
                label: `${candidate.name} · ${candidate.widthPx} × ${candidate.heightPx}`,
              })),
              { value: 'custom', label: 'Custom' },
            ],
          },
        ]}
        onChange={(value) => {
          const chosen = SIZE_PRESETS.find((candidate) => sizeText(candidate) === value);
          if (chosen) model.change({ widthPx: chosen.widthPx, heightPx: chosen.heightPx });
        }}
        testId="render-size"
      />
      <div class="field-pair">
        <NumberField
          label="Width"
          unit="px"
          value={form.widthPx}
          min={1}
          onChange={(widthPx) => model.change({ widthPx })}
          testId="render-width"
        />
        <NumberField
          label="Height"
          unit="px"
          value={form.heightPx}
          min={1}
          onChange={(heightPx) => model.change({ heightPx })}
          testId="render-height"
        />
      </div>
      {faults.size && (
        <p class="field-fault" role="alert" data-testid="render-size-fault">
          {faults.size}
        </p>
      )}
      <FramesField
        value={form.frames}
        onChange={(frames) => model.change({ frames })}
        all={
          onPath
            ? { name: 'Whole path', frames: onPath }
            : clip && { name: 'Whole clip', frames: allFrames(model.clipLength.value) }
        }
      />
      <Segments
        label="Format"
        value={form.format}
        options={ImageFormat.enum.map((value) => ({ value, label: IMAGE_FORMATS[value].name }))}
        onChange={(format) => model.change(withFormat(form, format))}
        testId="render-format"
      />
      {bitDepths.length > 1 && (
        <Segments
          label="Bits a channel"
          value={String(form.bitDepth)}
          options={bitDepths.map((depth) => ({ value: String(depth), label: BIT_DEPTH_TEXT[depth] }))}
          onChange={(value) => {
            const chosen = bitDepths.find((depth) => String(depth) === value);
            if (chosen) model.change({ bitDepth: chosen });
          }}
          testId="render-bit-depth"
        />
      )}
      {isLinear(form.bitDepth) && <p class="field-hint">Linear light: with exposure, without tone mapping.</p>}
      <Choices
        label="Passes"
        values={passes}
        options={passesFor(form.format, form.bitDepth)
          .filter((value) => value !== 'noisy' || isDenoised)
          .map((value) => ({ value, label: PASS_TEXT[value] }))}
        onChange={(chosen) => model.change({ passes: chosen })}
        testId="render-passes"
      />
      {hasLayers && passes.length > 1 && (
        <Segments
          label="Files"
          value={form.separatePasses ? 'separate' : 'layers'}
          options={[
            { value: 'layers', label: 'Layers of one' },
            { value: 'separate', label: 'One a pass' },
          ]}
          onChange={(files) => model.change({ separatePasses: files === 'separate' })}
          testId="render-separate-passes"
        />
      )}
      {!hasLayers && passes.length > 1 && <p class="field-hint">Each pass is a file of its own.</p>}
      {faults.bitDepth && (
        <p class="field-fault" role="alert">
          {faults.bitDepth}
        </p>
      )}
      <Segments
        label="Film"
        value={form.film}
        options={FILMS.map((value) => ({ value, label: filmText(value), bar: filmBar(value, workers) }))}
        onChange={(film) => model.change({ film })}
        testId="render-film"
      />
      {faults.film && (
        <p class="field-fault" role="alert" data-testid="render-film-fault">
          {faults.film}
        </p>
      )}
      <div class="field-pair">
        {hasQuality && (
          <NumberField
            label="Quality"
            value={form.quality}
            min={1}
            max={100}
            onChange={(quality) => model.change({ quality })}
            fault={faults.quality}
            testId="render-quality"
          />
        )}
        {(clip || onPath || form.film !== 'none') && (
          <NumberField
            label="Frames a second"
            value={form.fps}
            min={1}
            step="any"
            onChange={changeFps}
            fault={faults.fps}
            testId="render-fps"
          />
        )}
      </div>
    </>
  );
}
