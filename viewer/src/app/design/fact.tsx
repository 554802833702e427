/** A name and its value, in a `<dl class="facts">`. */
export function Fact({
  name,
  value,
  wide,
}: {
  readonly name: string;
  readonly value: string;
  readonly wide?: boolean;
}) {
  return (
    <div class={`fact${wide ? ' fact-wide' : ''}`}>
      <dt>{name}</dt>
      <dd title={value}>{value}</dd>
    </div>
  );
}
