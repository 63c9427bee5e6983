import { Controller, Delete, Get, HttpCode, Inject, Param, Post, Put, Req } from '@nestjs/common';
import { Problem } from '#libs/domain';
import type { PolicyRule } from '#libs/identity';
import { DATA, type DataRoom } from '../data/data.room.js';
import { BodilessAsInGlance } from '../edge/bodiless.js';
import { header, type Request } from '../edge/request.js';
import { pathOf } from '../images/images.js';
import type { AskedImage } from '../images/permissions.js';
import { IMAGES, type ImageRoom } from '../tokens.js';
import type { CacheEntry } from './cache-index.js';
import type { CacheRoom } from './open-cache.js';

/** The cache of the gateway that is asked, for administrators. Order of refusals: image, policy, no cache here, status. Source: API.md section 13. */
@Controller('v2/cache')
export class CacheController {
  constructor(@Inject(IMAGES) private readonly images: ImageRoom, @Inject(DATA) private readonly data: DataRoom) {}

  @Get()
  list(@Req() request: Request): object {
    const { images, queue } = this.cache(request, 'cache_list');
    return { cached_images: images.entries().map(entryView), queued_images: queue.imageIds() };
  }

  @Delete()
  @HttpCode(204)
  async clear(@Req() request: Request): Promise<void> {
    const { images, queue } = this.cache(request, 'cache_delete');
    const target = (header(request, 'x-image-cache-clear-target') ?? '').trim().toLowerCase();
    if (!['', 'cache', 'queue'].includes(target)) throw new Problem('InvalidRequest', { detail: 'x-image-cache-clear-target must be cache, queue or empty.' });
    if (target !== 'cache') await queue.clear();
    if (target !== 'queue') await images.clear();
  }

  @Get('nodes/:imageId')
  nodes(@Req() request: Request): never {
    this.cache(request, 'list_cached_nodes');
    throw new Problem('CacheNotShared');
  }

  @Post('clean')
  @HttpCode(200)
  @BodilessAsInGlance()
  async clean(@Req() request: Request): Promise<void> {
    await this.cache(request, 'cache_clean').images.clean();
  }

  @Post('prune')
  @HttpCode(200)
  async prune(@Req() request: Request): Promise<object> {
    const { files, bytes } = await this.cache(request, 'cache_prune').images.prune();
    return { total_files_pruned: files, total_bytes_pruned: bytes };
  }

  @Put(':imageId')
  @HttpCode(202)
  @BodilessAsInGlance()
  async add(@Req() request: Request, @Param('imageId') path: string): Promise<void> {
    const asked = await this.images.images.visible(path, request);
    const { queue } = this.cache(request, 'cache_image', asked);
    const { imageId, image: { status } } = asked;
    if (status !== 'active') throw new Problem('InvalidRequest', { detail: `Image ${imageId} is ${status}; only active images can be cached.` });
    await queue.add(imageId);
  }

  /** An image that is gone may still lie in the cache. */
  @Delete(':imageId')
  @HttpCode(204)
  async remove(@Req() request: Request, @Param('imageId') path: string): Promise<void> {
    const imageId = path.toLowerCase();
    const asked = await this.images.images.visible(path, request).catch((error: unknown) => {
      if (this.isCached(imageId)) return undefined;
      throw error;
    });
    const { images, queue } = this.cache(request, 'cache_delete', asked);
    await queue.remove(imageId);
    await images.remove(imageId);
  }

  private isCached(imageId: string): boolean {
    const { cache } = this.data;
    return cache !== undefined && (cache.images.has(imageId) || cache.queue.imageIds().includes(imageId));
  }

  private cache(request: Request, rule: PolicyRule, asked?: AskedImage): CacheRoom {
    const { permissions } = this.images;
    if (asked) permissions.requireOn(rule, asked, request.caller);
    else permissions.require(rule, request.caller);
    const { cache } = this.data;
    if (!cache) throw new Problem('RouteNotFound', { path: pathOf(request) });
    return cache;
  }
}

/** Moments in seconds, as clients of Glance expect them here. */
const entryView = ({ imageId, hits, accessedMs, modifiedMs, sizeBytes }: CacheEntry): object =>
  ({ image_id: imageId, hits, last_accessed: accessedMs / 1000, last_modified: modifiedMs / 1000, size: sizeBytes });
