const units: Readonly<Record<string, number>> = { '': 1, B: 1, KB: 1024, MB: 1024 ** 2, GB: 1024 ** 3, TB: 1024 ** 4 };

/** A size as options of Glance write it, `512` or `20GB`; a pattern without anchors, to stand in others. It takes 12 digits, and letters of any case where the pattern is told to. */
export const sizePattern = '(\\d{1,12})\\s*(B|KB|MB|GB|TB|)';

/** Bytes of what `sizePattern` found, in powers of 1024. */
export const bytesIn = (amount: string, unit: string): number => Number(amount) * (units[unit.toUpperCase()] ?? 1);
