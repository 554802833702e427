/** What something is called in messages: names come from the file, and may be long or missing. */
export const nameOf = ({ name, type }: { readonly name: string; readonly type: string }): string =>
  name ? `"${name.slice(0, 100)}"` : `a ${type} without a name`;
