/** For who has no cookie: with the code that the terminal printed, or with an API key. */
import { KilnError } from '@kiln/shared';
import type { TargetedInputEvent } from 'preact';
import { useState } from 'preact/hooks';
import { Button } from '../design/button.tsx';
import { Field, Segments } from '../design/field.tsx';
import { Notice } from '../design/notice.tsx';
import { useServices } from '../farm/farm-context.ts';
import { signInProblem } from '../farm/session.ts';
import { Mark } from '../shell/mark.tsx';

type Way = 'code' | 'apiKey';

export function SignInPage({ problem }: { readonly problem: string | null }) {
  const { farm } = useServices();
  const [way, setWay] = useState<Way>('code');
  const [text, setText] = useState('');
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState(problem);

  async function submit(): Promise<void> {
    const secret = text.trim();
    if (secret === '' || busy) return;
    setBusy(true);
    setFailure(null);
    try {
      await farm.session.signIn(way === 'code' ? { code: codeIn(secret) } : { apiKey: secret });
    } catch (error) {
      setFailure(error instanceof KilnError ? signInProblem(error) : String(error));
      setBusy(false);
    }
  }

  const shared = {
    class: 'input input-large mono',
    autoCapitalize: 'off' as const,
    spellcheck: false,
    value: text,
    'data-testid': 'sign-in-input',
    onInput: ({ currentTarget }: TargetedInputEvent<HTMLInputElement>) => setText(currentTarget.value),
  };
  return (
    <main class="sign-in" data-testid="sign-in">
      <form
        class="sign-in-card"
        onSubmit={(event) => {
          event.preventDefault();
          void submit();
        }}
      >
        <div class="sign-in-head">
          <Mark size={44} />
          <h1>Sign in to Kiln</h1>
          <p class="muted">See your three.js scenes live, then render them.</p>
        </div>
        {failure && (
          <Notice kind="error" title="You are not signed in" testId="sign-in-error">
            <p>{failure}</p>
          </Notice>
        )}
        <Segments
          label="Sign in with"
          hideLabel
          value={way}
          options={[
            { value: 'code', label: 'Sign-in code' },
            { value: 'apiKey', label: 'API key' },
          ]}
          onChange={(next) => {
            setWay(next);
            setText('');
          }}
          testId="sign-in-way"
        />
        <Field label={way === 'code' ? 'Code or address' : 'API key'}>
          {({ id }) =>
            way === 'code' ? (
              <input
                {...shared}
                key="code"
                id={id}
                type="text"
                autoComplete="one-time-code"
                placeholder="Paste it here"
              />
            ) : (
              <input {...shared} key="apiKey" id={id} type="password" autoComplete="current-password" />
            )
          }
        </Field>
        <Button
          type="submit"
          kind="primary"
          disabled={busy || text.trim() === ''}
          testId="sign-in-submit"
          class="button-wide"
        >
          {busy ? 'Signing in …' : 'Sign in'}
        </Button>
        <WhereToFind way={way} />
      </form>
    </main>
  );
}

function WhereToFind({ way }: { readonly way: Way }) {
  return way === 'code' ? (
    <div class="sign-in-help">
      <p>
        Kiln printed an address with a code in the terminal when it started; it signs in once. For a new one, run this
        in Kiln’s folder:
      </p>
      <code class="command">npx --no kiln signin</code>
    </div>
  ) : (
    <div class="sign-in-help">
      <p>The key of your farm lies beside its data, readable only by you:</p>
      <code class="command">.kiln/credentials.json</code>
    </div>
  );
}

/** People paste the whole address. */
function codeIn(text: string): string {
  const at = text.indexOf('#code=');
  return at < 0 ? text : (new URLSearchParams(text.slice(at + 1)).get('code') ?? text);
}
