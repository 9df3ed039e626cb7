// Package deploy checks the files in the folder deploy against what the programs export.
package deploy
