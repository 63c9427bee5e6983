import { Module } from '@nestjs/common';

/** What the federation service is made of. It connects as its own NATS user and reports; its controllers are listed here as they come. */
@Module({})
export class FederationModule {}
