const mebibyte = 1024 ** 2;
const units: Readonly<Record<string, number>> = { '': 1, B: 1, KB: 1024, MB: mebibyte, GB: 1024 ** 3, TB: 1024 ** 4 };
export const storageQuotaForm = /^\s*(\d{1,12})\s*(B|KB|MB|GB|TB|)\s*$/i;

/** Bytes of a quota as Glance writes it, `512`, `20GB`, in powers of 1024; 0 is none. */
export function storageQuota(text: string): number {
  const [, amount = '0', unit = ''] = storageQuotaForm.exec(text) ?? [];
  return Number(amount) * (units[unit.toUpperCase()] ?? 1);
}
