/** What the job that the form describes would take, asked of the farm, which may draw a few pictures for it. */
import { type Estimate, estimateText, type JobRequest } from '@kiln/shared';
import { useEffect, useRef, useState } from 'preact/hooks';
import { useServices } from '../farm/farm-context.ts';

type EstimateState =
  | { readonly state: 'none' }
  | { readonly state: 'measuring' }
  | { readonly state: 'ready'; readonly text: string }
  | { readonly state: 'failed'; readonly message: string };

export interface EstimateOfForm {
  readonly shown: EstimateState;
  ask(request: JobRequest): Promise<void>;
  /** With the estimate that was made of just this. */
  withEstimate(request: JobRequest): JobRequest;
}

const ASK_MS = 500;
const NONE: EstimateState = { state: 'none' };

/** @param form what is told of another one is not shown any more. */
export function useEstimate(form: object): EstimateOfForm {
  const { farm } = useServices();
  const [told, setTold] = useState<{ readonly form: object; readonly shown: EstimateState }>({ form, shown: NONE });
  const made = useRef<{ readonly of: string; readonly id: string } | null>(null);
  /** The newest question; null when nobody is there to be told. */
  const asked = useRef<object | null>(null);
  useEffect(
    () => () => {
      asked.current = null;
    },
    [],
  );

  async function ask(request: JobRequest): Promise<void> {
    const question = {};
    asked.current = question;
    const tell = (shown: EstimateState) => {
      if (asked.current === question) setTold({ form, shown });
    };
    tell({ state: 'measuring' });
    try {
      let estimate: Estimate = await farm.client.createEstimate({ body: request });
      while (estimate.state === 'measuring' && asked.current === question) {
        await new Promise((resolve) => setTimeout(resolve, ASK_MS));
        estimate = await farm.client.getEstimate({ params: { estimateId: estimate.id } });
      }
      if (estimate.estimate === null) {
        tell({ state: 'failed', message: estimate.error?.message ?? 'its probe ended without a result' });
        return;
      }
      made.current = { of: JSON.stringify(request), id: estimate.id };
      tell({ state: 'ready', text: estimateText(estimate.estimate) });
    } catch (error) {
      tell({ state: 'failed', message: error instanceof Error ? error.message : String(error) });
    }
  }

  return {
    shown: told.form === form ? told.shown : NONE,
    ask,
    withEstimate: (request) =>
      made.current?.of === JSON.stringify(request) ? { ...request, estimateId: made.current.id } : request,
  };
}
