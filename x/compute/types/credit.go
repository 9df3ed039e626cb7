package types

// CreditOrigin says for what, and for which chunk, an account is credited.
type CreditOrigin struct {
	Source CreditSource
	// Job and Task name the chunk, Task being its first one.
	Job  JobID
	Task uint64
}
