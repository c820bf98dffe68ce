#!/usr/bin/env node
import { runMain } from './run-main.ts'
import { tools } from './tools.ts'

// No await at the top: the bundle is CommonJS, which Node starts 5 ms sooner.
void runMain(tools, process.env).then((code) => process.exit(code))
