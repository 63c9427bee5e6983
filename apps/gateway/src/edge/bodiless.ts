import { Header } from '@nestjs/common';

/** For an answer without a body, of which Glance names a type all the same. */
export const BodilessAsInGlance = (): MethodDecorator => Header('content-type', 'text/html; charset=UTF-8');
