/** Whether a key belongs to what has the focus: text is being typed, or the key works a control. */
export function isTyping(event: KeyboardEvent): boolean {
  if (event.ctrlKey || event.metaKey || event.altKey) return true;
  const { target } = event;
  return target instanceof Element && target.closest('input, textarea, select, button, a, dialog, summary') !== null;
}
