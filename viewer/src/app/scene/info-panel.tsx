/** What the import found in a scene. */
import { type ImportFinding, type ImportReport, type ImportSource, SCENE_FORMATS, type Scene } from '@kiln/shared';
import type { ComponentChildren } from 'preact';
import { Fact } from '../design/fact.tsx';
import { formatBytes, formatCount, formatDuration, plural } from '../design/quantities.ts';

const SEVERITIES = ['error', 'warning', 'information', 'hint'] as const;
const SEVERITY_TEXT = { error: 'Errors', warning: 'Warnings', information: 'Notes', hint: 'Hints' } as const;

const SAID_BY = { file: 'the file says so', format: 'the format says so', assumed: 'assumed' } as const;

const unitText = ({ metresPerUnit, unitSaidBy }: ImportSource) =>
  `${Number(metresPerUnit.toPrecision(4))} m (${SAID_BY[unitSaidBy]})`;

export function InfoPanel({ scene, report }: { readonly scene: Scene; readonly report: ImportReport }) {
  return (
    <div class="info-panel" data-testid="info-panel">
      <section class="panel-section" aria-labelledby="contents-title">
        <h2 id="contents-title" class="panel-title">
          Contents
        </h2>
        <dl class="facts">
          <Fact name="Triangles" value={formatCount(report.triangles)} />
          <Fact name="Meshes" value={formatCount(report.meshes)} />
          <Fact name="Materials" value={formatCount(report.materials)} />
          <Fact name="Nodes" value={formatCount(report.nodes)} />
          <Fact name="Textures" value={formatCount(report.textures.length)} />
          <Fact name="Lights" value={report.usesStudioLight ? 'studio' : formatCount(report.lights)} />
          {report.environment && <Fact name="Environment" value="its own" />}
          {report.skins > 0 && <Fact name="Skins" value={formatCount(report.skins)} />}
          {report.morphTargets > 0 && <Fact name="Morph targets" value={formatCount(report.morphTargets)} />}
          <Fact name="GPU memory" value={`≈ ${formatBytes(report.gpuBytes)}`} />
          <Fact name="Size" value={sizeText(report.bounds)} />
          <Fact name="Import took" value={formatDuration(report.importMs)} />
          {report.source && (
            <>
              <Fact name="Converted from" value={SCENE_FORMATS[report.source.format].name} />
              <Fact name="File" value={report.source.path} wide />
              <Fact name="Unit" value={unitText(report.source)} />
              <Fact name="Up" value={`${report.source.upAxis} (${SAID_BY[report.source.upAxisSaidBy]})`} />
            </>
          )}
          {report.generator && <Fact name="Made by" value={report.generator} wide />}
        </dl>
        {report.usesStudioLight && (
          <p class="field-hint">The scene has no light of its own: Kiln’s studio lights it.</p>
        )}
      </section>
      <Findings report={report} />
      {report.clips.length > 0 && (
        <Group title={plural(report.clips.length, 'clip')}>
          {report.clips.map(({ name, durationSec }) => (
            <Row key={name} name={name || 'Unnamed'} value={formatDuration(durationSec * 1_000)} />
          ))}
        </Group>
      )}
      {report.cameras.length > 0 && (
        <Group title={plural(report.cameras.length, 'camera')}>
          {report.cameras.map(({ name, kind, fovDeg }) => (
            <Row key={name} name={name} value={fovDeg === null ? kind : `${Math.round(fovDeg)}°`} />
          ))}
        </Group>
      )}
      {report.variants.length > 0 && (
        <Group title={plural(report.variants.length, 'variant')}>
          {report.variants.map((name) => (
            <Row key={name} name={name} value="" />
          ))}
        </Group>
      )}
      {report.textures.length > 0 && (
        <Group title={plural(report.textures.length, 'texture')}>
          {report.textures.map(({ name, widthPx, heightPx, mediaType }, index) => (
            <Row
              key={`${index}${name}`}
              name={name || `Texture ${index + 1}`}
              value={`${widthPx} × ${heightPx} ${mediaType.replace('image/', '')}`}
            />
          ))}
        </Group>
      )}
      {report.extensionsUsed.length > 0 && (
        <Group title={plural(report.extensionsUsed.length, 'extension')}>
          {report.extensionsUsed.map((name) => (
            <Row key={name} name={name} value="" />
          ))}
        </Group>
      )}
      <Group title={plural(scene.files.length, 'file')}>
        {scene.files.map(({ path, sizeBytes }) => (
          <Row key={path} name={path} value={formatBytes(sizeBytes)} />
        ))}
      </Group>
    </div>
  );
}

function Group({ title, children }: { readonly title: string; readonly children: ComponentChildren }) {
  return (
    <details class="group">
      <summary>{title}</summary>
      <ul class="rows">{children}</ul>
    </details>
  );
}

function Row({ name, value }: { readonly name: string; readonly value: string }) {
  return (
    <li class="row">
      <span class="row-name" title={name}>
        {name}
      </span>
      <span class="row-value">{value}</span>
    </li>
  );
}

/** Findings of one code and severity, as one. */
interface FindingGroup {
  readonly severity: ImportFinding['severity'];
  readonly code: string;
  readonly findings: readonly ImportFinding[];
}

function groupFindings(findings: readonly ImportFinding[]): FindingGroup[] {
  const groups = new Map<string, ImportFinding[]>();
  for (const finding of findings) {
    const key = `${SEVERITIES.indexOf(finding.severity)} ${finding.code}`;
    groups.set(key, [...(groups.get(key) ?? []), finding]);
  }
  return [...groups]
    .sort(([a], [b]) => a.localeCompare(b))
    .flatMap(([, list]) => {
      const [first] = list;
      return first ? [{ severity: first.severity, code: first.code, findings: list }] : [];
    });
}

function Findings({ report }: { readonly report: ImportReport }) {
  const counts = report.findingCounts;
  const total = SEVERITIES.reduce((sum, severity) => sum + counts[severity], 0);
  return (
    <section class="panel-section" aria-labelledby="findings-title" data-testid="findings" data-count={total}>
      <h2 id="findings-title" class="panel-title">
        Findings
      </h2>
      {total === 0 ? (
        <p class="muted">The file is valid in every part.</p>
      ) : (
        <>
          <p class="finding-counts">
            {SEVERITIES.filter((severity) => counts[severity] > 0).map((severity) => (
              <span key={severity} class={`chip chip-${severity}`}>
                {SEVERITY_TEXT[severity]} {formatCount(counts[severity])}
              </span>
            ))}
          </p>
          {groupFindings(report.findings).map(({ severity, code, findings }) => (
            <details key={`${severity}${code}`} class="group">
              <summary>
                <span class={`finding-dot finding-${severity}`} aria-hidden="true" />
                <span class="finding-code">{code}</span>
                <span class="muted">{formatCount(findings.length)}</span>
              </summary>
              <ul class="findings">
                {findings.map(({ message, pointer }, index) => (
                  <li key={`${index}${pointer ?? ''}`}>
                    {message}
                    {pointer && <span class="notice-place">{pointer}</span>}
                  </li>
                ))}
              </ul>
            </details>
          ))}
        </>
      )}
    </section>
  );
}

function sizeText({ min, max }: ImportReport['bounds']): string {
  const lengths = [0, 1, 2].map((axis) => (max[axis] ?? 0) - (min[axis] ?? 0));
  return `${lengths.map((length) => Number(length.toPrecision(3))).join(' × ')} m`;
}
