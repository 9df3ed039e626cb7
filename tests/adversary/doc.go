// Package adversary measures what attacks earn. Hostile owners, built on the sidecar's
// packages, meet honest edge nodes on a network of real binaries. The money of each is read
// from the chain before and after, and compared with what the rules predict.
//
//	behaviour ─▶ stage (network, jobs, content) ─▶ hands (hostile nodes)
//	    └─ forecast (formulas) ── ledger (money on chain) ──▶ report
package adversary
