/** A bar. @param value 0 to 1; null when nobody can know. */
export function Progress({
  value,
  label,
  state = 'active',
}: {
  readonly value: number | null;
  readonly label: string;
  readonly state?: 'active' | 'paused' | 'done' | 'failed';
}) {
  const percent = value === null ? null : Math.round(Math.min(1, Math.max(0, value)) * 100);
  return (
    <div
      class={`progress progress-${state}${percent === null ? ' progress-unknown' : ''}`}
      role="progressbar"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={percent ?? undefined}
    >
      <span class="progress-bar" style={{ '--progress': `${percent ?? 100}%` }} />
    </div>
  );
}
