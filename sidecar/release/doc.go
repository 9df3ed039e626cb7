// Package release describes releases of thetaedge: their versions, the signed manifest that names
// their archives, and the archives themselves. It neither downloads nor installs anything.
package release
