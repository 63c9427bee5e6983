/** `YYYY-MM-DDTHH:MM:SSZ`, as every moment in the Image API and in its notifications. */
export const moment = (date: Date): string => `${date.toISOString().slice(0, 19)}Z`;
