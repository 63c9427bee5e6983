import { bytesIn, sizePattern } from '#libs/contracts';

export const storageQuotaForm = new RegExp(`^\\s*${sizePattern}\\s*$`, 'i');

/** Bytes of a quota as Glance writes it, `512`, `20GB`, in powers of 1024; 0 is none. */
export function storageQuota(text: string): number {
  const [, amount = '0', unit = ''] = storageQuotaForm.exec(text) ?? [];
  return bytesIn(amount, unit);
}
