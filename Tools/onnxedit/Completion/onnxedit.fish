# Completion of onnxedit for fish. Run this once:
#   onnxedit completion fish > ~/.config/fish/completions/onnxedit.fish
function __onnxedit_complete
    set -l words (commandline -opc)
    set -l rest (string join ' ' -- $words[2..-1] (commandline -ct))
    $words[1] "[suggest:"(string length -- "$rest")"]" "$rest" 2>/dev/null | string match -v -r '^/|^-\?$'
end
complete -c onnxedit -a '(__onnxedit_complete)'
