// Writes the types that the package of the viewer gives to projects of others.
import { bootstrapSource } from './bootstrap.mjs';

await bootstrapSource('src/setup/build-types.ts');
