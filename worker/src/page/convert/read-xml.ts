import { refuse } from '../import/refuse.ts';

/**
 * XML without a document type: entities that multiply, and those that name files, are declared there, and no scene needs
 * one.
 *
 * @throws KilnError `scene.invalid`.
 */
export function readXml(text: string, path: string): Document {
  if (/<!(DOCTYPE|ENTITY)/i.test(text)) {
    throw refuse('scene.invalid', `${path} declares a document type, which is not taken. Export it again.`, path);
  }
  const xml = new DOMParser().parseFromString(text, 'application/xml');
  const [fault] = xml.getElementsByTagName('parsererror');
  if (!fault) return xml;
  const why = fault.textContent?.replaceAll(/\s+/g, ' ').trim().slice(0, 200) ?? '';
  throw refuse('scene.invalid', `${path} is no XML that can be read: ${why}. Export it again.`, path);
}
