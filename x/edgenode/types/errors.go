package types

import "cosmossdk.io/errors"

// These are the sentinel errors of x/edgenode, one per decision that a caller makes.
var (
	ErrInvalidParams       = errors.Register(ModuleName, 3, "invalid params")
	ErrInvalidAddress      = errors.Register(ModuleName, 4, "invalid address")
	ErrUnknownClass        = errors.Register(ModuleName, 5, "unknown hardware class")
	ErrNodeNotFound        = errors.Register(ModuleName, 6, "node not found")
	ErrUnknownWorker       = errors.Register(ModuleName, 7, "worker key does not belong to a node")
	ErrNodeExists          = errors.Register(ModuleName, 8, "operator already has a node")
	ErrWorkerTaken         = errors.Register(ModuleName, 9, "worker key belongs to another node")
	ErrInvalidWorker       = errors.Register(ModuleName, 10, "invalid worker key")
	ErrInvalidProfile      = errors.Register(ModuleName, 11, "invalid profile")
	ErrHardwareTooSmall    = errors.Register(ModuleName, 12, "hardware is below the minimum of the class")
	ErrInvalidSlots        = errors.Register(ModuleName, 13, "invalid number of slots")
	ErrInvalidCoin         = errors.Register(ModuleName, 14, "invalid coin")
	ErrBondTooSmall        = errors.Register(ModuleName, 15, "bond below the minimum")
	ErrInsufficientBond    = errors.Register(ModuleName, 16, "not enough free bond")
	ErrNoFreeSlot          = errors.Register(ModuleName, 17, "no free slot")
	ErrNodeNotActive       = errors.Register(ModuleName, 18, "node is not active")
	ErrInvalidStatus       = errors.Register(ModuleName, 19, "status of the node does not allow this")
	ErrSnapshotPruned      = errors.Register(ModuleName, 20, "epoch is no longer kept")
	ErrTooManyUnbondings   = errors.Register(ModuleName, 21, "too many unbondings in progress")
	ErrInvalidGenesis      = errors.Register(ModuleName, 22, "invalid genesis")
	ErrInvariantBroken     = errors.Register(ModuleName, 23, "invariant broken")
	ErrTooManyNodes        = errors.Register(ModuleName, 24, "too many nodes to walk")
	ErrInvalidSlash        = errors.Register(ModuleName, 25, "invalid slash")
	ErrInvalidLiability    = errors.Register(ModuleName, 26, "invalid liability")
	ErrInconsistentRecords = errors.Register(ModuleName, 27, "records contradict each other")
	ErrJailed              = errors.Register(ModuleName, 28, "node is jailed")
	ErrLeaseLapsed         = errors.Register(ModuleName, 29, "lease has expired")
)
