import { Controller, Delete, Head, HttpCode, Inject, Param, Patch, Post, Req, Res } from '@nestjs/common';
import { known, uploadNamed, wholePart } from '#libs/contracts';
import { Problem } from '#libs/domain';
import type { ImageRecord } from '#libs/read-model';
import { DATA, type DataRoom } from '../data/data.room.js';
import { publicOrigin } from '../edge/address.js';
import { TakesBody } from '../edge/http-server.js';
import { hasBody } from '../edge/json-body.js';
import { problemStatus } from '../edge/problem-status.js';
import { header, type Reply, type Request } from '../edge/request.js';
import { GATEWAY_RULES, IMAGES, type GatewayRules, type ImageRoom } from '../tokens.js';
import { openUpload, resumable } from './resumable.js';
import { tusVersion } from './tus.js';
import { tellOffset } from './upload-offset.js';
import { readChecksum, readConcat, readCount, type Joins } from './upload-metadata.js';

const bytesOfAPart = 'application/offset+octet-stream';

/** Uploads that any tus client can bring, in one piece or in parallel parts; what is uploaded is staged, and imported at once where the upload says so. Source: tus 1.0.0. */
@Controller('v2/images/:imageId/uploads')
export class ImageUploadsController {
  private readonly uploads: ReturnType<typeof resumable>;

  constructor(@Inject(IMAGES) images: ImageRoom, @Inject(DATA) data: DataRoom, @Inject(GATEWAY_RULES) private readonly rules: GatewayRules) {
    this.uploads = resumable(data, images, rules);
  }

  @Post()
  @HttpCode(201)
  @TakesBody()
  async create(@Req() request: Request, @Res({ passthrough: true }) reply: Reply, @Param('imageId') path: string): Promise<void> {
    const asked = await this.admit(request, reply, path);
    const { isPartial, joins } = readConcat(header(request, 'upload-concat'));
    if (joins) return this.join(request, reply, asked, joins);
    const totalBytes = readCount('Upload-Length', header(request, 'upload-length'));
    if (totalBytes === undefined && header(request, 'upload-defer-length') !== '1') throw new Problem('InvalidRequest', { detail: 'Send Upload-Length, or Upload-Defer-Length: 1 where the size is not known yet.' });
    const { state, attemptId, part } = await this.uploads.begin(request, asked, { isPartial, ...known({ totalBytes }) });
    this.locate(request, reply, asked, state.uploadId);
    if (!hasBody(request)) return tellOffset(reply, state);
    refuseOtherBodies(request);
    const checksum = readChecksum(header(request, 'upload-checksum'), undefined);
    tellOffset(reply, await this.uploads.ask(request, asked, attemptId, { do: 'append', part, at: 0, ...known({ checksum }) }, true));
  }

  private async join(request: Request, reply: Reply, asked: ImageRecord, { attemptId, parts }: Joins): Promise<void> {
    // Who did not hear that they were joined is told so when he asks again.
    const state = openUpload(asked.image)?.attemptId === attemptId
      ? await this.uploads.ask(request, asked, attemptId, { do: 'join', parts, ...this.uploads.wantedImport(request, await this.uploads.signing(request, asked)) })
      : await this.uploads.stateOf(request, asked, attemptId);
    this.locate(request, reply, asked, attemptId);
    tellOffset(reply, state);
  }

  @Head(':uploadId')
  @HttpCode(200)
  async show(@Req() request: Request, @Res({ passthrough: true }) reply: Reply, @Param('imageId') path: string, @Param('uploadId') uploadId: string): Promise<void> {
    const asked = await this.admit(request, reply, path);
    const state = await this.uploads.stateOf(request, asked, uploadId).catch(orLocked);
    reply.header('cache-control', 'no-store');
    if (state.totalBytes === undefined) reply.header('upload-defer-length', '1');
    else reply.header('upload-length', String(state.totalBytes));
    if (state.metadata !== undefined) reply.header('upload-metadata', state.metadata);
    if (uploadNamed(uploadId)?.part !== wholePart) reply.header('upload-concat', 'partial');
    tellOffset(reply, state);
  }

  @Patch(':uploadId')
  @HttpCode(204)
  @TakesBody()
  async append(@Req() request: Request, @Res({ passthrough: true }) reply: Reply, @Param('imageId') path: string, @Param('uploadId') uploadId: string): Promise<void> {
    const asked = await this.admit(request, reply, path);
    refuseOtherBodies(request);
    const at = readCount('Upload-Offset', header(request, 'upload-offset'));
    if (at === undefined) throw new Problem('InvalidRequest', { detail: 'Send Upload-Offset, the number of bytes that are there already.' });
    const totalBytes = readCount('Upload-Length', header(request, 'upload-length'));
    const checksum = readChecksum(header(request, 'upload-checksum'), undefined);
    const { attemptId, part } = this.partOf(asked, uploadId);
    tellOffset(reply, await this.uploads.ask(request, asked, attemptId, { do: 'append', part, at, ...known({ totalBytes, checksum }) }, true));
  }

  @Delete(':uploadId')
  @HttpCode(204)
  async terminate(@Req() request: Request, @Res({ passthrough: true }) reply: Reply, @Param('imageId') path: string, @Param('uploadId') uploadId: string): Promise<void> {
    const asked = await this.admit(request, reply, path);
    const { attemptId, part } = this.partOf(asked, uploadId);
    await this.uploads.ask(request, asked, attemptId, { do: 'end', part });
  }

  /** For clients behind something that lets only GET and POST through. Source: tus 1.0.0, "X-HTTP-Method-Override". */
  @Post(':uploadId')
  @HttpCode(204)
  @TakesBody()
  async overridden(@Req() request: Request, @Res({ passthrough: true }) reply: Reply, @Param('imageId') path: string, @Param('uploadId') uploadId: string): Promise<void> {
    const method = header(request, 'x-http-method-override')?.toUpperCase();
    if (method === 'PATCH') return this.append(request, reply, path, uploadId);
    if (method === 'DELETE') return this.terminate(request, reply, path, uploadId);
    throw new Problem('MethodNotAllowed', { method: 'POST', allowed: 'HEAD, PATCH, DELETE' });
  }

  private async admit(request: Request, reply: Reply, path: string): Promise<ImageRecord> {
    reply.header('tus-resumable', tusVersion);
    if (header(request, 'tus-resumable') !== tusVersion) throw new Problem('TusVersionUnsupported', { supported: tusVersion });
    return this.uploads.changeable(request, path);
  }

  private partOf(asked: ImageRecord, uploadId: string): { attemptId: string; part: string } {
    const named = uploadNamed(uploadId);
    if (!named || openUpload(asked.image)?.attemptId !== named.attemptId) throw new Problem('UploadNotFound', { imageId: asked.imageId, uploadId: uploadId.slice(0, 64) });
    return named;
  }

  private locate(request: Request, reply: Reply, { imageId }: ImageRecord, uploadId: string): void {
    reply.header('location', `${publicOrigin(request, this.rules)}/v2/images/${imageId}/uploads/${uploadId}`);
  }
}

/** tus-js-client begins anew when it hears anything but this. */
function orLocked(error: unknown): never {
  throw error instanceof Problem && problemStatus[error.code] === 503 ? new Problem('UploadLocked', { seconds: 2 }, { cause: error }) : error;
}

function refuseOtherBodies(request: Request): void {
  const given = header(request, 'content-type') ?? '(none)';
  if (given !== bytesOfAPart) throw new Problem('UnsupportedMediaType', { given, supported: bytesOfAPart });
}
