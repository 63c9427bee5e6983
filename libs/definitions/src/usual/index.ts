import { cim } from './cim.js';
import { computeFlavors } from './compute-flavors.js';
import { computeHosts } from './compute-hosts.js';
import { computeImages } from './compute-images.js';
import { images } from './images.js';
import { software } from './software.js';
import { vmware } from './vmware.js';
import type { NamespaceDocument } from '../namespace-document.js';

/** The namespaces that dashboards expect of a cloud: what Nova, Cinder and Glance understand of images, flavors, aggregates and volumes. */
export const usualNamespaces: readonly NamespaceDocument[] = [...images, ...computeImages, ...computeFlavors, ...computeHosts, ...vmware, ...software, ...cim];
