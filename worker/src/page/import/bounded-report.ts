import { type ImportFinding, type ImportReport, LIMITS } from '@kiln/shared';
import { PAGE_LIMITS } from '../limits.ts';
import { plainText } from '../plain-text.ts';

/** The report without what a file could blow it up with: long lists and texts are cut, and a finding says which lists. */
export function boundedReport(report: ImportReport): ImportReport {
  const cut: ImportFinding[] = [];
  const listed = <T>(what: string, list: readonly T[]): T[] => {
    if (list.length > PAGE_LIMITS.reportedThings) {
      const message = `The report lists ${PAGE_LIMITS.reportedThings} of ${list.length} ${what}.`;
      cut.push({ severity: 'information', code: 'LIST_CUT', message, pointer: null });
    }
    return list.slice(0, PAGE_LIMITS.reportedThings);
  };
  const bounded = {
    ...report,
    ...(report.source
      ? { source: { ...report.source, path: plainText(report.source.path, LIMITS.scenePathChars) } }
      : {}),
    generator: report.generator === null ? null : plainText(report.generator),
    textures: listed('textures', report.textures).map((texture) => ({ ...texture, name: plainText(texture.name) })),
    cameras: listed('cameras', report.cameras),
    clips: listed('clips', report.clips),
    variants: listed('variants', report.variants).map((name) => plainText(name)),
    extensionsUsed: listed('extensions', report.extensionsUsed).map((name) => plainText(name)),
  };
  const { findingCounts } = report;
  return {
    ...bounded,
    findings: [...cut, ...report.findings].slice(0, PAGE_LIMITS.reportedFindings).map(plainFinding),
    findingCounts: { ...findingCounts, information: findingCounts.information + cut.length },
  };
}

const plainFinding = ({ severity, code, message, pointer }: ImportFinding): ImportFinding => ({
  severity,
  code,
  message: plainText(message, PAGE_LIMITS.messageChars),
  pointer: pointer === null ? null : plainText(pointer, PAGE_LIMITS.messageChars),
});
