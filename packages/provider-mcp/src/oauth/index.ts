export { createFileTokenStore, type FileTokenStoreOptions } from './file-token-store.ts';
export { createMemoryTokenStore } from './memory-token-store.ts';
export {
  createSignIns,
  type SignInOptions,
  type SignInResult,
  type SignIns,
  type SignInsOptions,
  type SignOutResult,
} from './sign-ins.ts';
