// Runs a model with llama.cpp. It reads one order per line, {"prompt": n, "answer": n} in tokens, and
// answers each with a line of the times in milliseconds.
// Arguments: the file of the model, the number of threads, and the size of the context in tokens.
import readline from "node:readline";
import {getLlama} from "node-llama-cpp";

const [modelPath, threads, contextSize] = process.argv.slice(2);
const llama = await getLlama({gpu: false, build: "never", logLevel: "error", maxThreads: Number(threads)});
const model = await llama.loadModel({modelPath, gpuLayers: 0});
const context = await model.createContext({contextSize: Number(contextSize), batchSize: 512, threads: Number(threads)});
const sequence = context.getSequence();
const vocabulary = Number(process.argv[5]);
const say = (o) => process.stdout.write(JSON.stringify(o) + "\n");
say({engine: llama.systemInfo, threads: context.currentThreads});

for await (const line of readline.createInterface({input: process.stdin})) {
	const order = JSON.parse(line);
	await sequence.clearHistory();
	const prompt = Array.from({length: order.prompt}, (_, i) => (i * 7919 + 11) % vocabulary);
	let at = performance.now(), prefill = 0, count = 0;
	for await (const _ of sequence.evaluate(prompt, {temperature: 0, yieldEogToken: true})) {
		if (count === 0) {
			prefill = performance.now() - at;
			at = performance.now();
		}
		if (count++ === order.answer)
			break;
	}
	say({prefill_ms: prefill, decode_ms: performance.now() - at, tokens: count - 1});
}
process.exit(0);
