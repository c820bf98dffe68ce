#!/usr/bin/env node
import { runMain } from '../cli/run-main.ts'
import { tools } from './tools.ts'

void runMain(tools, process.env).then((code) => process.exit(code))
