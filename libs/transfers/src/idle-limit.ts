import { Problem } from '#libs/domain';

/**
 * Ends a transfer on which nothing moves any more: `moved` is called with every chunk, and where it is not called for `idleMs` the signal
 * aborts with UploadInterrupted. Without it a client that vanished without a word would keep its image in `saving` for ever.
 */
export function idleLimit(imageId: string, idleMs: number): { readonly signal: AbortSignal; moved(): void; end(): void } {
  const controller = new AbortController();
  const timer = setTimeout(() => { controller.abort(new Problem('UploadInterrupted', { imageId })); }, idleMs);
  timer.unref();
  return { signal: controller.signal, moved: () => { timer.refresh(); }, end: () => { clearTimeout(timer); } };
}
