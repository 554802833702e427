/** What one attempt says of its task. */
export interface LiveTask {
  readonly taskId: string;
  readonly attemptId: string;
  /** Of the frame, from its first on. */
  readonly samples: number;
}
