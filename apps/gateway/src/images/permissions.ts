import { Problem, type Image } from '#libs/domain';
import { imageTarget, newImageTarget, type Caller, type Policy, type PolicyRule } from '#libs/identity';

/** An image of which the caller wants something. */
export interface AskedImage { readonly imageId: string; readonly image: Image }

export interface ListedImage { readonly imageId: string; readonly image: Omit<Image, 'exists' | 'members' | 'attempts'> }

/** What the policy says, in the words of the API: who may not see an image never learns that it is there. */
export interface Permissions {
  /** Refuses tokens of other scopes than project: Forbidden. */
  requireProjectScope(caller: Caller): void;
  /** Refuses: Forbidden. For rules about no image in particular. */
  require(rule: PolicyRule, caller: Caller): void;
  /** Whether the caller may see the image: where he stands to it, and then `get_image`. Refuses: ImageNotFound. */
  requireVisible(asked: AskedImage, caller: Caller): void;
  /** Refuses: Forbidden to who may see the image, ImageNotFound to all others. */
  requireOn(rule: PolicyRule, asked: AskedImage, caller: Caller): void;
  /** The same about one member of the image. */
  requireOnMember(rule: PolicyRule, asked: AskedImage, memberId: string, caller: Caller): void;
  allowsOnMember(rule: PolicyRule, asked: AskedImage, memberId: string, caller: Caller): boolean;
  /** Whether the caller may create an image for this owner and of this visibility. Refuses: Forbidden. */
  requireNew(caller: Caller, owner: string | null, visibility: Image['visibility']): void;
  /** The rule that a visibility needs besides `modify_image`. */
  requireVisibility(asked: AskedImage, visibility: Image['visibility'], caller: Caller): void;
  /** Whether the caller may read the history of an image with this owner, even after its deletion. */
  allowsHistory(of: { imageId: string; owner: string | null }, caller: Caller): boolean;
  /** The same for bringing it back. */
  allowsUndelete(of: { imageId: string; owner: string | null }, caller: Caller): boolean;
  /** Whether the caller may read the feed of this project, or, without one, that of the region. Refuses: Forbidden. */
  requireFeed(caller: Caller, projectId: string | undefined): void;
  /** Whether the caller may do this to what a project keeps beside its images. Refuses: Forbidden. */
  requireFor(rule: 'get_webhooks' | 'modify_webhooks', caller: Caller, projectId: string | null): void;
  /** Whether the default rules decide what a list shows; then SQL has done so. */
  isListedBySql(): boolean;
  /** What an operator's own `get_image` says of an image that SQL listed. */
  allowsListed(listed: ListedImage, caller: Caller): boolean;
  /** Whether the caller may be told where the data of an image lies; of a deactivated one only an administrator may. */
  allowsLocating(of: ListedImage, caller: Caller): boolean;
  isAdmin(caller: Caller): boolean;
}

const visibilityRules = { public: 'publicize_image', community: 'communitize_image', shared: undefined, private: undefined } as const;

export function permissions(policy: Policy): Permissions {
  const targetOf = ({ imageId, image }: AskedImage, caller: Caller) => imageTarget({ ...image, imageId }, caller);

  function refuse(rule: PolicyRule, asked: AskedImage, caller: Caller): never {
    if (rule !== 'get_image' && policy.allows('get_image', targetOf(asked, caller), caller)) throw forbidden(rule);
    throw new Problem('ImageNotFound', { imageId: asked.imageId });
  }

  const allowsOnMember = (rule: PolicyRule, asked: AskedImage, memberId: string, caller: Caller): boolean =>
    policy.allows(rule, { ...targetOf(asked, caller), member_id: memberId }, caller);

  function requireOn(rule: PolicyRule, asked: AskedImage, caller: Caller): void {
    if (!policy.allows(rule, targetOf(asked, caller), caller)) refuse(rule, asked, caller);
  }

  function requireProjectScope({ scope }: Caller): void {
    if (scope !== 'project') throw new Problem('Forbidden', { detail: `The token is scoped to ${scopes[scope]}. Get one that is scoped to a project.` });
  }

  return {
    requireProjectScope,
    require(rule, caller) {
      requireProjectScope(caller);
      if (!policy.allows(rule, newImageTarget(caller), caller)) throw forbidden(rule);
    },
    requireVisible(asked, caller) {
      // No rule about an image is granted to another scope, and who may not see an image never learns that it is there.
      if (caller.scope !== 'project') throw new Problem('ImageNotFound', { imageId: asked.imageId });
      if (!isReachable(asked.image, caller, policy.isAdmin(caller))) throw new Problem('ImageNotFound', { imageId: asked.imageId });
      requireOn('get_image', asked, caller);
    },
    requireOn,
    requireOnMember(rule, asked, memberId, caller) {
      if (!allowsOnMember(rule, asked, memberId, caller)) refuse(rule, asked, caller);
    },
    allowsOnMember,
    requireNew(caller, owner, visibility) {
      requireProjectScope(caller);
      const target = { ...newImageTarget(caller, { owner, visibility }), project_id: caller.projectId };
      if (!policy.allows('add_image', target, caller)) throw owner === caller.projectId ? forbidden('add_image') : otherOwner(owner);
      const rule = visibilityRules[visibility];
      if (rule && !policy.allows(rule, target, caller)) throw forbidden(rule);
    },
    requireVisibility(asked, visibility, caller) {
      const rule = visibilityRules[visibility];
      if (rule) requireOn(rule, asked, caller);
    },
    allowsHistory: ({ imageId, owner }, caller) => policy.allows('get_image_history', imageTarget({ imageId, owner, visibility: 'private' }, caller), caller),
    allowsUndelete: ({ imageId, owner }, caller) => policy.allows('undelete_image', imageTarget({ imageId, owner, visibility: 'private' }, caller), caller),
    requireFeed(caller, projectId) {
      requireProjectScope(caller);
      const rule = projectId !== undefined && projectId === caller.projectId ? 'get_events' : 'get_all_events';
      if (!policy.allows(rule, { project_id: projectId ?? null, owner: projectId ?? null }, caller)) throw forbidden(rule);
    },
    requireFor(rule, caller, projectId) {
      requireProjectScope(caller);
      if (!policy.allows(rule, { project_id: projectId, owner: projectId }, caller)) throw forbidden(rule);
    },
    isListedBySql: () => policy.isDefault('get_image'),
    allowsListed: ({ imageId, image }, caller) => policy.allows('get_image', imageTarget({ ...image, imageId }, caller), caller),
    allowsLocating: ({ imageId, image }, caller) =>
      policy.isAdmin(caller) || (image.status !== 'deactivated' && policy.allows('get_image_location', imageTarget({ ...image, imageId }, caller), caller)),
    isAdmin: (caller) => policy.isAdmin(caller),
  };
}

/**
 * Whether an image can be found by this caller at all, before any policy: his own, public and community ones, images without
 * owner, and shared ones of which his project is a member, whatever it answered. Source: API.md section 7, last paragraph.
 */
function isReachable({ owner, visibility, members }: Image, { projectId }: Caller, isAdmin: boolean): boolean {
  if (isAdmin || owner === null || visibility === 'public' || visibility === 'community') return true;
  if (projectId === null) return false;
  return owner === projectId || (visibility === 'shared' && members.some(({ memberId }) => memberId === projectId));
}

const scopes = { system: 'the system', domain: 'a domain', unscoped: 'nothing', project: 'a project' } as const;

const forbidden = (rule: PolicyRule): Problem =>
  new Problem('Forbidden', { detail: `You are not authorized to complete ${rule} action. Ask your operator for the role that it needs.` });

const otherOwner = (owner: string | null): Problem =>
  new Problem('Forbidden', { detail: `You are not permitted to create images owned by '${owner ?? 'nobody'}'. Leave the owner out to own it yourself.` });
