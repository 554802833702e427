/** Kiln's mark: an arch with a fire in it. */
export function Mark({ size }: { readonly size: number }) {
  return (
    <svg class="mark" width={size} height={size} viewBox="0 0 32 32" aria-hidden="true">
      <rect class="mark-ground" width="32" height="32" rx="8" />
      <path class="mark-arch" d="M7 25V16a9 9 0 0 1 18 0v9z" />
      <path
        class="mark-fire"
        d="M16 12.500c.6 3 4 4.300 4 7.900a4 4 0 0 1-8 0c0-1.700.8-2.700 1.700-3.700.3 1 .8 1.500 1.400 1.800-.2-2.300.1-4.300.9-6z"
      />
    </svg>
  );
}
