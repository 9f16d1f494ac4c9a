import { defineConfig } from '@playwright/test';
import tests from './playwright.config';

/** `npm run screenshots`: makes the pictures of the documentation anew, from the product itself. */
export default defineConfig({ ...tests, testMatch: '*.picture.ts' });
