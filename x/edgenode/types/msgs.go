package types

// Profile returns the profile of the node that the message declares.
func (m *MsgRegister) Profile(height int64) NodeProfile {
	return NodeProfile{
		Operator:         m.Operator,
		Worker:           m.Worker,
		Moniker:          m.Moniker,
		Hardware:         m.Hardware,
		Region:           m.Region,
		Class:            m.Class,
		Executors:        m.Executors,
		RegisteredHeight: height,
		Limits:           m.Limits,
	}
}

// Apply returns the profile after replacing what the message declares.
func (m *MsgUpdate) Apply(profile NodeProfile) NodeProfile {
	profile.Moniker = m.Moniker
	profile.Hardware = m.Hardware
	profile.Region = m.Region
	profile.Class = m.Class
	profile.Executors = m.Executors
	profile.Limits = m.Limits
	return profile
}
