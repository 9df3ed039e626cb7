//go:build !rehearsal

package app

// upgradePlans lists the upgrades that this binary can carry out, oldest first.
func upgradePlans() []upgradePlan { return nil }

func rehearsalStoreKeys() []string { return nil }
