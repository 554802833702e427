console.log('kiln');
