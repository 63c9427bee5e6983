import { Problem } from '#libs/domain';
import { header, type Request } from '../edge/request.js';

/** Data comes as what it is. Refuses: UnsupportedMediaType. Source: API.md section 8. */
export function refuseOtherMediaTypes(request: Request): void {
  const given = header(request, 'content-type')?.split(';')[0]?.trim().toLowerCase() ?? '';
  if (given !== 'application/octet-stream') {
    throw new Problem('UnsupportedMediaType', { given: given === '' ? '(none)' : given, supported: 'application/octet-stream' });
  }
}

/** What the client says the size will be: by its own header, else by Content-Length. Refuses: InvalidRequest. */
export function declaredSize(request: Request): number | undefined {
  const announced = header(request, 'x-openstack-image-size');
  if (announced !== undefined && !/^\s*\+?\d{1,15}\s*$/.test(announced)) {
    throw new Problem('InvalidRequest', { detail: 'The header x-openstack-image-size must be a whole number of bytes.' });
  }
  // To Glance's clients 0 means that they do not know.
  const size = Number(announced ?? 0) === 0 ? header(request, 'content-length') : announced;
  return size === undefined ? undefined : Number(size);
}
