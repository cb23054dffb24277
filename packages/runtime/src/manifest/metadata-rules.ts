import type { Metadata } from '@capstan/provider';
import { holdsBearerHeader, looksLikeSecret } from './looks-like-secret.ts';
import type { MetadataScalar } from './manifest.ts';
import type { Complaint } from './problem-report.ts';
import { environmentVariablePattern, overrideSuffix } from './runtime-metadata.ts';
import { urlProblem } from './url-rule.ts';
import { checkNumber, secret } from './value-rules.ts';

const environmentVariable = new RegExp(environmentVariablePattern);

/** The rules for one metadata value that hold whatever the provider. `isOwned`: whether a plugin owns the key. */
export function checkMetadataValue(
  key: string,
  value: MetadataScalar,
  metadata: Metadata,
  isOwned: boolean,
): Complaint | undefined {
  if (key.endsWith('_env_var')) return checkVariableName(key, value);
  if (key.endsWith('_requires_session')) return checkRequiresSession(key, value);
  if (isOwned && key.endsWith('_allow_insecure') && typeof value !== 'boolean') {
    return { message: `"${key}" should be true or false`, remedy: 'Write it without quotes.' };
  }
  if (typeof value === 'number') return checkNumber(value, undefined);
  if (typeof value !== 'string') return undefined;
  if (looksLikeSecret(value) || holdsBearerHeader(value)) return secret(`The value of "${key}"`);
  return key.endsWith('_url') ? checkUrl(key, value, metadata, isOwned) : undefined;
}

function checkVariableName(key: string, value: MetadataScalar): Complaint | undefined {
  if (key.endsWith(`_env_var${overrideSuffix}`)) {
    return {
      message: `"${key}" would override the name of a variable`,
      remedy: 'Delete it, and set the variable itself to another value.',
      seen: key,
    };
  }
  if (typeof value === 'string' && environmentVariable.test(value) && !looksLikeSecret(value)) return undefined;
  return {
    message: `"${key}" should be the name of an environment variable`,
    remedy: 'Write the name in capitals, digits and underscores, such as SERVICE_TOKEN; never the value.',
    // It could be the secret itself.
    seen: false,
  };
}

function checkRequiresSession(key: string, value: MetadataScalar): Complaint | undefined {
  if (typeof value === 'boolean' || value === 'auto' || value === 'true' || value === 'false') return undefined;
  return { message: `"${key}" should be auto, true or false`, remedy: 'Write one of these three.' };
}

function checkUrl(key: string, value: string, metadata: Metadata, isOwned: boolean): Complaint | undefined {
  const allowInsecureKey = `${key.slice(0, key.indexOf('_'))}_allow_insecure`;
  const problem = urlProblem(value, {
    allowInsecureKey,
    allowInsecure: !isOwned || metadata[allowInsecureKey] === true,
  });
  if (problem === undefined || (!isOwned && problem.holdsCredentials !== true)) return undefined;
  return {
    message: `"${key}" ${problem.message}`,
    remedy: problem.remedy,
    ...(problem.hide ? { seen: false as const } : {}),
  };
}
