/** Ways to decide whose turn it is. All are the dispatcher's own picking; the others do not tell it of tenants or priorities. */
export interface Policy {
  readonly name: PolicyName;
  readonly hasTenants: boolean;
  readonly hasPriorities: boolean;
}

export const POLICY_NAMES = ['fair', 'priority', 'fifo'] as const;
export type PolicyName = (typeof POLICY_NAMES)[number];

export const POLICIES: Readonly<Record<PolicyName, Policy>> = {
  fair: { name: 'fair', hasTenants: true, hasPriorities: true },
  priority: { name: 'priority', hasTenants: false, hasPriorities: true },
  fifo: { name: 'fifo', hasTenants: false, hasPriorities: false },
};
