// Package rehearsal sends a small paid job through a node and times each leg of its way: upload, post,
// claim, fetch, run, commit, deliver, reveal, check, review and pay. The job is under TRUST and names
// the node, so that no other node can take it and its requester, the operator of the node, decides
// about the result.
package rehearsal
