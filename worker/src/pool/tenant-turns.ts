/** One at a time for each tenant, in the order of asking; tenants do not wait for one another. */
import { Permits } from './permits.ts';

export class TenantTurns {
  readonly #tenants = new Map<string, { readonly permits: Permits; askers: number }>();

  /**
   * @returns ends the turn
   * @throws the signal's reason when it aborts before the turn comes
   */
  async take(tenantId: string, signal: AbortSignal): Promise<() => void> {
    const tenant = this.#tenants.get(tenantId) ?? { permits: new Permits(1), askers: 0 };
    this.#tenants.set(tenantId, tenant);
    tenant.askers++;
    const leave = () => {
      if (--tenant.askers === 0) this.#tenants.delete(tenantId);
    };
    try {
      const permit = await tenant.permits.take(signal);
      return () => {
        permit.giveBack();
        leave();
      };
    } catch (error) {
      leave();
      throw error;
    }
  }
}
