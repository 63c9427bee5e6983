import { Problem, type Namespace } from '#libs/domain';
import { metadefTarget, type Caller, type Policy, type PolicyRule } from '#libs/identity';

/** What of a namespace decides who may do what with it. */
export type AskedNamespace = Pick<Namespace, 'name' | 'owner' | 'visibility'>;

/** What the policy says about metadata definitions: who may not see a namespace never learns that it is there. */
export interface MetadefPermissions {
  /** Whether the caller may find the namespace at all: public, his own, or he is an admin. Refuses: NamespaceNotFound. */
  requireReachable(asked: AskedNamespace, caller: Caller): void;
  /** Refuses: Forbidden to who may see the namespace, NamespaceNotFound to all others. */
  requireOn(rule: PolicyRule, asked: AskedNamespace, caller: Caller): void;
  /** For rules about no namespace in particular. Refuses: Forbidden, and RouteNotFound to who may see none at all: Glance's own 404. */
  require(rule: PolicyRule, caller: Caller): void;
  allowsOn(rule: PolicyRule, asked: AskedNamespace, caller: Caller): boolean;
  isAdmin(caller: Caller): boolean;
}

export function metadefPermissions(policy: Policy): MetadefPermissions {
  const allowsOn = (rule: PolicyRule, asked: AskedNamespace, caller: Caller): boolean => policy.allows(rule, metadefTarget(asked, caller), caller);
  return {
    allowsOn,
    isAdmin: (caller) => policy.isAdmin(caller),
    requireReachable({ name, owner, visibility }, caller) {
      if (visibility !== 'public' && owner !== caller.projectId && !policy.isAdmin(caller)) throw new Problem('NamespaceNotFound', { namespace: name });
    },
    requireOn(rule, asked, caller) {
      if (allowsOn(rule, asked, caller)) return;
      throw allowsOn('get_metadef_namespace', asked, caller) ? forbidden(rule) : new Problem('NamespaceNotFound', { namespace: asked.name });
    },
    require(rule, caller) {
      const target = metadefTarget(undefined, caller);
      if (policy.allows(rule, target, caller)) return;
      throw policy.allows('get_metadef_namespace', target, caller) ? forbidden(rule) : new Problem('RouteNotFound', { path: 'this path for you' });
    },
  };
}

const forbidden = (rule: PolicyRule): Problem =>
  new Problem('Forbidden', { detail: `You are not authorized to complete ${rule} action. Ask your operator for the role that it needs.` });
