# Completion of onnxedit for PowerShell. Put this line into $PROFILE:
#   onnxedit completion pwsh | Out-String | Invoke-Expression
Register-ArgumentCompleter -Native -CommandName onnxedit -ScriptBlock {
    param($word, $ast, $cursor)
    $line = $ast.Extent.Text.PadRight($cursor - $ast.Extent.StartOffset)
    $rest = if ($line.Contains(' ')) { $line.Substring($line.IndexOf(' ') + 1) } else { '' }
    & $ast.CommandElements[0].Extent.Text "[suggest:$($rest.Length)]" "$rest" 2>$null |
        Where-Object { $_ -like "$word*" -and -not $_.StartsWith('/') -and $_ -ne '-?' } |
        ForEach-Object { [System.Management.Automation.CompletionResult]::new($_, $_, 'ParameterValue', $_) }
}
