/** Says that what is shown may be old, while the farm cannot be reached. */
import { useEffect, useState } from 'preact/hooks';
import { Button } from '../design/button.tsx';
import { Icon } from '../design/icon.tsx';
import { useServices } from '../farm/farm-context.ts';

export function LinkBanner() {
  const { farm } = useServices();
  const link = farm.link.value;
  const [nowMs, setNowMs] = useState(Date.now());
  const lost = link.state === 'lost';
  useEffect(() => {
    if (!lost) return;
    const timer = setInterval(() => setNowMs(Date.now()), 500);
    return () => clearInterval(timer);
  }, [lost]);
  if (link.state !== 'lost') return null;
  const waitSec = Math.ceil((link.retryAtMs - nowMs) / 1_000);
  return (
    <div class="banner" role="alert" data-testid="offline-banner">
      <Icon name="cloud-off" />
      <span>
        The connection to the farm is lost. What you see may be old.{' '}
        {Number.isFinite(waitSec) && (waitSec > 0 ? `Trying again in ${waitSec} s.` : 'Trying again …')}
      </span>
      <Button small kind="plain" onClick={() => farm.reconnectNow()}>
        Try now
      </Button>
    </div>
  );
}
