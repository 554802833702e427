/** Whether a number, which may still be being typed, is one that is meant. */
export const between = (value: number, min: number, max: number): boolean =>
  Number.isFinite(value) && value >= min && value <= max;

export const whole = (value: number, min: number, max: number): boolean =>
  Number.isInteger(value) && between(value, min, max);
