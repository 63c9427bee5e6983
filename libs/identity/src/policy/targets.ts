import type { Caller } from '../caller.js';
import type { PolicyTarget } from './compile.js';

/** What rules may know of an image. Its additional properties can be named too, after the image's own attributes. */
export interface ImageFacts {
  readonly imageId: string;
  readonly owner: string | null;
  readonly visibility: string;
  readonly name?: string | null;
  readonly status?: string;
  readonly isProtected?: boolean;
  readonly isHidden?: boolean;
  readonly diskFormat?: string | null;
  readonly containerFormat?: string | null;
  readonly properties?: Readonly<Record<string, string>>;
}

/**
 * The target of every rule about an image that exists. Who reaches a shared image of another project is a member of it,
 * so `member_id` is his project then. That he does reach it is for the read model to say: the default rules let anybody
 * see an image whose visibility is `shared`, and rely on it not being found by those it is not shared with.
 * Source: `ImageTarget` and `ImageRepo` of Glance 33.
 */
export function imageTarget(image: ImageFacts, caller: Caller): PolicyTarget {
  const { imageId, owner, visibility, name = null, status, isProtected, isHidden, diskFormat = null, containerFormat = null } = image;
  return {
    ...image.properties,
    id: imageId, image_id: imageId, owner, project_id: owner, visibility, name, status, disk_format: diskFormat, container_format: containerFormat,
    protected: isProtected, os_hidden: isHidden,
    member_id: visibility === 'shared' && owner !== caller.projectId ? caller.projectId : null,
  };
}

/** The target before an image exists, and of rules about no image in particular (`get_images`): the caller's own project unless said otherwise. */
export function newImageTarget(caller: Caller, { owner = caller.projectId, visibility = 'private' }: { owner?: string | null; visibility?: string } = {}): PolicyTarget {
  return { owner, project_id: owner, visibility };
}

/** The target of rules about a namespace of metadata definitions and what it holds; of those about none in particular, the caller's own project. Source: `MetadefAPIPolicy` of Glance 33. */
export function metadefTarget(namespace: { readonly owner: string; readonly visibility: string } | undefined, caller: Caller): PolicyTarget {
  return namespace ? { project_id: namespace.owner, visibility: namespace.visibility } : { project_id: caller.projectId };
}
