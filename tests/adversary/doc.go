// Package adversary measures what attacks earn. Hostile owners, built on the sidecar's
// packages, meet honest edge nodes on a network of real binaries. The money of each is read
// from the chain before and after, and compared with what the rules predict.
//
// One network has nine honest nodes and a small program of wasm/1 as its usual job. On another one,
// three honest nodes let a language model answer on tensor/1.
//
//	behaviour ─▶ stage (network, jobs, content) ─▶ hands (hostile nodes)
//	    └─ forecast (formulas) ── ledger (money on chain) ──▶ report
package adversary
